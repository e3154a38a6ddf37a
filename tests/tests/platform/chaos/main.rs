//! Nothing lost: people at work on the whole platform while its processes die, stand still and lose their connections, events come late,
//! twice and the wrong way round, the bus is full and certificates are over. In the end every acknowledged write is there, once.
//!
//! It runs when `KOLSAI_CHAOS` says how long: `short` (about a minute of faults), `long` (ten), or a number of minutes. `KOLSAI_CHAOS_SEED`
//! chooses the plan of faults, `KOLSAI_CHAOS_CLIENTS` how many are at work at a time. `--plan` prints the plan of a seed, and that is all.
#![allow(clippy::print_stdout, reason = "this test has no harness: what it prints is its report")]

mod agree;
mod ask;
mod bus;
mod database;
mod faults;
mod kept;
mod life;
mod mails;
mod plan;
mod platform;
mod quiet;
mod record;
mod report;
#[path = "../story.rs"]
mod story;

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{task::JoinSet, time::Instant};

use crate::{bus::Bus, life::School, mails::Watch, plan::Plan, platform::Platform, record::Life, report::Run};

const CLIENTS: usize = 4;
/// Of a plan that is only printed.
const PRINTED: usize = 40;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let done = match Settings::of_environment() {
        Ok(Some(settings)) => {
            // A second provider in the same process changes nothing.
            let _ = rustls::crypto::ring::default_provider().install_default();
            tokio::select! {
                done = run(&settings) => done,
                _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
            }
        }
        Ok(None) => {
            println!("skipped: the platform is put to the test when KOLSAI_CHAOS is set (short, long, or minutes)");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Settings {
    lasts: Duration,
    seed: u64,
    clients: usize,
}

impl Settings {
    fn of_environment() -> Result<Option<Self>> {
        let number = |name: &str| variable(name).map(|text| text.parse::<u64>().with_context(|| format!("{name} is a number"))).transpose();
        // Another one every day, the same all day long.
        let seed = match number("KOLSAI_CHAOS_SEED")? {
            Some(seed) => seed,
            None => today(),
        };
        if std::env::args().any(|argument| argument == "--plan") {
            for (at, fault) in Plan::of(seed).take(PRINTED).enumerate() {
                println!("{:>3}. {fault}", at + 1);
            }
            return Ok(None);
        }
        let lasts = match variable("KOLSAI_CHAOS").as_deref() {
            None | Some("off") => return Ok(None),
            Some("short") => Duration::from_secs(60),
            Some("long") => Duration::from_secs(600),
            Some(minutes) => {
                let minutes: f64 = minutes.parse().context("KOLSAI_CHAOS is short, long, off, or a number of minutes")?;
                Duration::try_from_secs_f64(minutes * 60.0).context("KOLSAI_CHAOS is a number of minutes")?
            }
        };
        let clients = number("KOLSAI_CHAOS_CLIENTS")?.and_then(|clients| usize::try_from(clients).ok()).unwrap_or(CLIENTS);
        Ok(Some(Self { lasts, seed, clients: clients.max(1) }))
    }
}

#[allow(clippy::disallowed_methods, reason = "this program stands outside the school: its settings are its own")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[allow(clippy::disallowed_methods, reason = "somebody outside has a clock of their own")]
fn today() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs() / (24 * 3600))
}

async fn run(settings: &Settings) -> Result<()> {
    println!("{} s of faults, plan of KOLSAI_CHAOS_SEED={}, {} clients", settings.lasts.as_secs(), settings.seed, settings.clients);
    let platform = Platform::up().await?;
    let done = try_run(settings, &platform).await;
    if done.is_err() {
        println!("\n{}", platform.last_words());
        if let Some(kept) = platform.keep_logs() {
            println!("logs are kept in {}", kept.display());
        }
    }
    platform.down().await?;
    done
}

async fn try_run(settings: &Settings, platform: &Platform) -> Result<()> {
    let began = Instant::now();
    let bus = Bus::connect(platform).await.context("the bus")?;
    let school = School::visit(platform).await.context("the school")?;
    let watch = Watch::of(platform.mail_folder());
    let load = Load::begin(&school, settings.clients);

    let (mut happened, mut fallen, mut broken) = (Vec::new(), BTreeMap::new(), Vec::new());
    let ends = Instant::now() + settings.lasts;
    for (at, fault) in Plan::of(settings.seed).enumerate() {
        if Instant::now() >= ends {
            break;
        }
        let planned = format!("{:>3}. {fault}", at + 1);
        match faults::happen(platform, &bus, fault).await {
            Ok(one) => {
                println!("{planned}: {}", one.note);
                happened.push(one);
            }
            Err(error) => {
                println!("{planned}: FAILED {error:#}");
                broken.push(format!("{error:#}"));
                break;
            }
        }
        for name in faults::fallen(platform).await? {
            *fallen.entry(name).or_default() += 1;
        }
    }
    println!("no more faults after {} s; whoever is on the way arrives", began.elapsed().as_secs());
    let lives = load.end().await;
    for name in faults::fallen(platform).await? {
        *fallen.entry(name).or_default() += 1;
    }
    println!("{} learners came; everything acknowledged is asked for again", lives.len());
    let mut tally = kept::everything(&school, &lives).await;
    match quiet::becomes(platform, &bus).await {
        Ok(after) => println!("quiet after {} s", after.as_secs()),
        Err(error) => broken.push(format!("{error:#}")),
    }
    let agreement = agree::of(platform, &bus, &lives, &mut tally).await.context("what the databases say")?;
    let mails = watch.end(&happened);
    let copied = bus.copied.lock().unwrap_or_else(PoisonError::into_inner).len();
    let run = Run { happened, fallen, lives, tally, agreement, mails, copied, alarms: platform.alarms(), broken };
    run.print(&school.asker);
    let wrong = run.wrong();
    if !wrong.is_empty() {
        for one in &wrong {
            println!("WRONG {one}");
        }
        bail!("{} things are wrong; the same plan again: KOLSAI_CHAOS_SEED={}", wrong.len(), settings.seed);
    }
    if run.lives.is_empty() || run.happened.is_empty() {
        bail!("nobody was at work, or nothing happened: it proves nothing");
    }
    println!("nothing lost, nothing doubled: {} s", began.elapsed().as_secs());
    Ok(())
}

/// People at work.
struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Life>>,
}

impl Load {
    fn begin(school: &School, clients: usize) -> Self {
        let (stop, numbers, mut working) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for _ in 0..clients {
            let (stop, numbers, school) = (stop.clone(), numbers.clone(), school.clone());
            working.spawn(async move {
                let mut lives = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    lives.push(school.live(numbers.fetch_add(1, Ordering::SeqCst)).await);
                }
                lives
            });
        }
        Self { stop, clients: working }
    }

    /// Whoever is on the way arrives.
    async fn end(mut self) -> Vec<Life> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        while let Some(lives) = self.clients.join_next().await {
            all.extend(lives.unwrap_or_default());
        }
        all
    }
}
