use proptest::prelude::*;

use super::*;

/// Noon of Almaty on 2 December 2026.
const NOON: i64 = 1_796_194_800_000_000;

fn entry(minute: i64, subject: &str, decision: &str) -> Seen {
    Seen {
        id: Uuid::new_v4(),
        service: "learning".into(),
        sequence: minute,
        at: Timestamp::from_micros(NOON + minute * 60_000_000),
        actor: "one".into(),
        subject: subject.into(),
        decision: decision.into(),
        had_tie: false,
    }
}

fn rules(entries: &[Seen]) -> Vec<(i32, i64)> {
    let mut found: Vec<_> = find(entries).into_iter().map(|found| (found.rule, found.found)).collect();
    found.sort();
    found
}

#[test]
fn many_people_within_any_hour_are_found_once_with_their_number() {
    let people = |minutes: i64| (0..40).map(|n| entry(n * minutes, &n.to_string(), "granted")).collect::<Vec<_>>();
    assert_eq!(rules(&people(1)), [(Rule::ManyPeople.into(), 40)]);
    assert_eq!(rules(&people(3)), [], "twenty in an hour");
    let same: Vec<_> = (0..40).map(|n| entry(n, "always the same", "granted")).collect();
    assert_eq!(rules(&same), []);
    // Half before the full hour and half after it are still within one hour.
    let straddling: Vec<_> = (0..32).map(|n| entry(40 + n, &n.to_string(), "granted")).collect();
    assert_eq!(rules(&straddling), [(Rule::ManyPeople.into(), 32)]);
}

#[test]
fn refusals_in_a_row_a_tie_that_ended_and_every_exception_are_found() {
    let refused: Vec<_> = (0..5).map(|n| entry(n, "somebody", "NO_TIE")).collect();
    assert_eq!(rules(&refused), [(Rule::ManyRefusals.into(), 5)]);
    assert_eq!(rules(&refused[..4]), []);
    let ended = Seen { had_tie: true, ..entry(0, "somebody", "NO_TIE") };
    assert_eq!(rules(&[ended]), [(Rule::AfterTie.into(), 1)]);
    let let_in = entry(0, "somebody", "granted-by-exception:SAFETY");
    assert_eq!(rules(&[let_in.clone(), entry(1, "somebody", "granted")]), [(Rule::ByException.into(), 1)]);
}

#[test]
fn reading_at_night_is_found_and_asking_in_vain_is_no_reading() {
    let night = 12 * 60;
    assert_eq!(rules(&[entry(night, "a", "granted"), entry(night + 1, "b", "granted")]), [(Rule::AtNight.into(), 2)]);
    assert_eq!(rules(&[entry(night, "a", "NO_TIE"), entry(0, "a", "granted")]), []);
}

proptest! {
    #[test]
    fn the_sample_is_a_share_and_depends_on_the_seed_alone(count in 0_usize..600, seed in "[a-z]{8}") {
        let entries: Vec<_> = (0..count as i64).map(|n| entry(n, "a", "granted")).collect();
        let drawn = sample(&entries, &seed);
        prop_assert_eq!(drawn.len(), count.min((count * 5).div_ceil(100).max(10)));
        let mut turned = entries.clone();
        turned.reverse();
        prop_assert_eq!(&drawn, &sample(&turned, &seed), "whatever order they come in");
        prop_assert!(drawn.iter().all(|found| found.rule == i32::from(Rule::Sampled)));
    }
}
