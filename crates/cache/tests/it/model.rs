//! One behaviour on every engine, compared with a model that counts minutes.

use std::{collections::HashMap, time::Duration};

use kolsai_cache::{Budget, Cache, CacheError, Condition};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::shared::Engine;

const MINUTE: Duration = Duration::from_secs(60);
const BURST: u32 = 5;

#[derive(Clone, Debug)]
enum Step {
    Set(u8, &'static [u8], u32),
    SetIf { condition: u8, holds: Option<&'static [u8]>, key: u8, value: &'static [u8], minutes: u32 },
    Get(u8, u8),
    Delete(u8),
    Incr(u8, u32),
    Spend(u8, u32),
    Wait(u32),
}

fn value() -> impl Strategy<Value = &'static [u8]> {
    proptest::sample::select(vec![&b"7"[..], b"", b"a:b", b"\0\xff\r\n", b"999999999999999"])
}

fn step() -> impl Strategy<Value = Step> {
    let (key, minutes) = (0..3_u8, 0..6_u32);
    prop_oneof![
        3 => (key.clone(), value(), minutes.clone()).prop_map(|(key, value, minutes)| Step::Set(key, value, minutes)),
        3 => (key.clone(), proptest::option::of(value()), key.clone(), value(), minutes.clone())
            .prop_map(|(condition, holds, key, value, minutes)| Step::SetIf { condition, holds, key, value, minutes }),
        4 => (key.clone(), key.clone()).prop_map(|(one, other)| Step::Get(one, other)),
        1 => key.clone().prop_map(Step::Delete),
        5 => (key, minutes).prop_map(|(key, minutes)| Step::Incr(key, minutes)),
        4 => (0..2_u8, 0..8_u32).prop_map(|(key, ask)| Step::Spend(key, ask)),
        4 => (0..7_u32).prop_map(Step::Wait),
    ]
}

/// What should happen. Time is in minutes; the real one of a run is far less than one.
#[derive(Default)]
struct Model {
    now: u32,
    values: HashMap<u8, (Vec<u8>, u32)>,
    spent: HashMap<u8, u32>,
}

impl Model {
    fn get(&self, key: u8) -> Option<Vec<u8>> {
        self.values.get(&key).filter(|(_, ends)| *ends > self.now).map(|(value, _)| value.clone())
    }

    fn set(&mut self, key: u8, value: &[u8], minutes: u32) {
        self.values.insert(key, (value.to_vec(), self.now + minutes));
    }

    fn incr(&mut self, key: u8, minutes: u32) -> Result<u64, CacheError> {
        let Some(held) = self.get(key) else {
            self.set(key, b"1", minutes);
            return Ok(1);
        };
        let digits = !held.is_empty() && held.len() <= 15 && held.iter().all(u8::is_ascii_digit);
        let count: u64 = digits.then(|| String::from_utf8(held).unwrap().parse().unwrap()).ok_or(CacheError::NotACounter)?;
        self.values.get_mut(&key).unwrap().0 = (count + 1).to_string().into_bytes();
        Ok(count + 1)
    }

    fn spend(&mut self, key: u8, ask: u32) -> u32 {
        let spent = self.spent.entry(key).or_default();
        let granted = ask.min(BURST - *spent);
        *spent += granted;
        granted
    }

    fn wait(&mut self, minutes: u32) {
        self.now += minutes;
        self.spent.values_mut().for_each(|spent| *spent = spent.saturating_sub(minutes));
    }
}

async fn same(engine: &Engine, run: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (cache, mut model) = (&engine.cache, Model::default());
    let name = |key: u8| format!("{run}:{key}");
    let budget = Budget::new(BURST, MINUTE);
    for (at, step) in steps.into_iter().enumerate() {
        match step {
            Step::Set(key, value, minutes) => {
                cache.set(&name(key), value.to_vec(), MINUTE * minutes).await.unwrap();
                model.set(key, value, minutes);
            }
            Step::SetIf { condition, holds, key, value, minutes } => {
                let expected = model.get(condition).as_deref() == holds;
                if expected {
                    model.set(key, value, minutes);
                }
                let condition = Condition { key: &name(condition), holds };
                let did = cache.set_if(condition, &name(key), value.to_vec(), MINUTE * minutes).await.unwrap();
                prop_assert_eq!(did, expected, "step {}", at);
            }
            Step::Get(one, other) => {
                let got = cache.get_all(&[&name(one), &name(other)]).await.unwrap();
                prop_assert_eq!(got, vec![model.get(one), model.get(other)], "step {}", at);
            }
            Step::Delete(key) => {
                cache.delete(&name(key)).await.unwrap();
                model.values.remove(&key);
            }
            Step::Incr(key, minutes) => {
                prop_assert_eq!(cache.incr(&name(key), MINUTE * minutes).await, model.incr(key, minutes), "step {}", at);
            }
            Step::Spend(key, ask) => {
                let granted = cache.spend(&format!("{run}:budget:{key}"), &budget, ask).await.unwrap();
                prop_assert_eq!(granted, model.spend(key, ask), "step {}", at);
            }
            Step::Wait(minutes) => {
                engine.clock.advance(MINUTE * minutes);
                model.wait(minutes);
            }
        }
    }
    Ok(())
}

fn as_modelled(open: impl AsyncFnOnce() -> Option<Engine>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let Some(engine) = runtime.block_on(open()) else { return };
    let run = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    let tried = runner.run(&proptest::collection::vec(step(), 1..60), |steps| {
        run.set(run.get() + 1);
        runtime.block_on(same(&engine, run.get(), steps))
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
}

#[test]
fn memory_does_as_the_model() {
    as_modelled(async || Some(Engine::memory()));
}

#[test]
fn redis_does_as_the_model() {
    as_modelled(Engine::redis);
}

#[test]
fn redis_over_tls_does_as_the_model() {
    as_modelled(Engine::redis_tls);
}

/// Whatever comes at once: no count is lost, no budget is overspent, one of all conditions holds.
async fn at_once(cache: Cache) {
    let calls = (0..50).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let counted = cache.incr("counter", MINUTE).await.unwrap();
            let granted = cache.spend("budget", &Budget::new(20, MINUTE * 60), 3).await.unwrap();
            let first = cache.set_if(Condition { key: "first", holds: None }, "first", b"me".to_vec(), MINUTE).await.unwrap();
            (counted, granted, first)
        })
    });
    let (mut counts, mut granted, mut firsts) = (Vec::new(), 0, 0);
    for call in calls.collect::<Vec<_>>() {
        let (counted, more, first) = call.await.unwrap();
        counts.push(counted);
        granted += more;
        firsts += u32::from(first);
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<_>>());
    assert_eq!((granted, firsts), (20, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_lose_nothing_in_memory() {
    at_once(Engine::memory().cache).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_lose_nothing_on_redis() {
    if let Some(engine) = Engine::redis().await {
        at_once(engine.cache).await;
    }
}
