//! What a request that changes a person's state does next, decided without IO.

use std::time::Duration;

use foundation::{Timestamp, sabotage};

/// Between one announcement and the next to holders that have not confirmed.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A key on loan lasts no longer: without one a silent holder opens nothing sealed.
pub const LEASE: Duration = crate::keyring::LEASE;
/// Between one mail to the person and the next, when the first did not leave.
const TELL_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// A person who could not be told within this time of the change sees it among their requests.
const GIVE_UP_TELLING: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is known of a request.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The person is told before the change, not after it.
    pub told_first: bool,
    /// The version of the aggregate with the change.
    pub change: Option<i64>,
    pub announced_at: Option<Timestamp>,
    pub keyring_at: Option<Timestamp>,
    /// Every holder of the contract, and the version that it follows.
    pub holders: Vec<(String, i64)>,
    pub in_force_at: Option<Timestamp>,
    pub notice_at: Option<Timestamp>,
    pub told_at: Option<Timestamp>,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Wait {
        until: Timestamp,
    },
    /// Has a mail sent to the person.
    Tell,
    /// Changes the state, now that the person knows.
    Change,
    TellKeyring,
    AnnounceAgain,
    /// From now on the change is in force; these holders had not confirmed when their keys on loan had run out.
    InForce {
        silent: Vec<String>,
    },
    Finish,
}

pub fn step(known: &Progress) -> Step {
    let Some(change) = known.change else {
        // P20: nothing is used again before the person was told.
        return if known.told_at.is_some() || sabotage::breaks("P20") { Step::Change } else { tell(known) };
    };
    if known.in_force_at.is_none() {
        return come_into_force(known, change);
    }
    let given_up = known.in_force_at.is_some_and(|at| known.now >= at.plus(GIVE_UP_TELLING));
    if known.told_first || known.told_at.is_some() || given_up { Step::Finish } else { tell(known) }
}

fn come_into_force(known: &Progress, change: i64) -> Step {
    let Some(keyring_at) = known.keyring_at else { return Step::TellKeyring };
    let silent: Vec<_> = known.holders.iter().filter(|(_, followed)| *followed < change).map(|(holder, _)| holder.clone()).collect();
    let leases_end = keyring_at.plus(LEASE);
    if silent.is_empty() || known.now >= leases_end {
        return Step::InForce { silent };
    }
    match known.announced_at.map(|at| at.plus(ASK_AGAIN)) {
        Some(again) if known.now < again => Step::Wait { until: again.min(leases_end) },
        _ => Step::AnnounceAgain,
    }
}

fn tell(known: &Progress) -> Step {
    match known.notice_at.map(|at| at.plus(TELL_AGAIN)) {
        Some(again) if known.now < again => Step::Wait { until: again },
        _ => Step::Tell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn recorded() -> Progress {
        Progress {
            told_first: false,
            change: Some(2),
            announced_at: Some(at(0)),
            keyring_at: None,
            holders: vec![("identity".into(), 0), ("learning".into(), 1)],
            in_force_at: None,
            notice_at: None,
            told_at: None,
            now: at(1),
        }
    }

    #[test]
    fn in_force_is_what_everybody_confirmed() {
        let mut known = recorded();
        assert_eq!(step(&known), Step::TellKeyring);
        known.keyring_at = Some(at(1));
        assert_eq!(step(&known), Step::Wait { until: at(60) });
        known.holders = vec![("identity".into(), 2), ("learning".into(), 1)];
        assert_eq!(step(&known), Step::Wait { until: at(60) });
        // A newer state holds what the older one said.
        known.holders = vec![("identity".into(), 2), ("learning".into(), 7)];
        assert_eq!(step(&known), Step::InForce { silent: vec![] });
        known.in_force_at = Some(at(2));
        assert_eq!(step(&known), Step::Tell);
        known.notice_at = Some(at(2));
        assert_eq!(step(&known), Step::Wait { until: at(2 + 24 * 3600) });
        known.told_at = Some(at(3));
        assert_eq!(step(&known), Step::Finish);
    }

    #[test]
    fn who_does_not_confirm_is_asked_again_and_named_when_their_keys_have_run_out() {
        let mut known = recorded();
        (known.keyring_at, known.now) = (Some(at(1)), at(60));
        assert_eq!(step(&known), Step::AnnounceAgain);
        (known.announced_at, known.now) = (Some(at(290)), at(290));
        assert_eq!(step(&known), Step::Wait { until: at(301) });
        known.now = at(301);
        assert_eq!(step(&known), Step::InForce { silent: vec!["identity".into(), "learning".into()] });
    }

    #[test]
    fn a_restriction_is_lifted_only_after_its_person_was_told() {
        let mut known = Progress { told_first: true, change: None, announced_at: None, ..recorded() };
        assert_eq!(step(&known), Step::Tell);
        known.notice_at = Some(at(1));
        assert_eq!(step(&known), Step::Wait { until: at(1 + 24 * 3600) });
        known.now = at(2 + 24 * 3600);
        assert_eq!(step(&known), Step::Tell, "the mail did not leave: another one");
        known.told_at = Some(known.now);
        assert_eq!(step(&known), Step::Change);
        (known.change, known.announced_at) = (Some(3), Some(known.now));
        assert_eq!(step(&known), Step::TellKeyring);
        (known.keyring_at, known.in_force_at) = (Some(known.now), Some(known.now));
        assert_eq!(step(&known), Step::Finish, "told already");
    }

    #[test]
    fn telling_ends_one_day_and_the_request_with_it() {
        let mut known = recorded();
        (known.keyring_at, known.in_force_at, known.notice_at) = (Some(at(1)), Some(at(1)), Some(at(1)));
        known.now = at(1 + 7 * 24 * 3600);
        assert_eq!(step(&known), Step::Finish);
    }

    proptest::proptest! {
        /// Whatever is known: no change before the person was told, no confirmation that nobody gave, and a wait that ends later.
        #[test]
        fn no_step_is_out_of_turn(told_first: bool, changed: bool, told: bool, keyring: bool, followed in 0_i64..4, seconds in 0_i64..1_000_000) {
            let known = Progress {
                told_first,
                change: changed.then_some(2),
                keyring_at: keyring.then_some(at(1)),
                told_at: told.then_some(at(1)),
                holders: vec![("identity".into(), followed)],
                now: at(seconds),
                ..recorded()
            };
            match step(&known) {
                Step::Change => proptest::prop_assert!(told && !changed),
                Step::InForce { silent } if silent.is_empty() => proptest::prop_assert!(keyring && followed >= 2),
                Step::InForce { .. } => proptest::prop_assert!(known.now >= at(301)),
                Step::Wait { until } => proptest::prop_assert!(until > known.now),
                _ => {}
            }
        }
    }
}
