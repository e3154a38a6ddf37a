//! What an erasure does next, decided without IO.

use std::time::Duration;

use foundation::Timestamp;

/// Between one order and the next to holders that have not reported.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// What is known of an erasure.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Every holder of the contract.
    pub holders: Vec<String>,
    pub reports: Vec<Report>,
    /// Services to which the keyring lent a key, once it has testified.
    pub witnesses: Option<Vec<Witness>>,
    /// Services whose borrowing without holding the privacy officer has looked into and given a reason for.
    pub accounted_for: Vec<String>,
    pub key_destroyed_at: Option<Timestamp>,
    pub last_ordered_at: Timestamp,
    pub now: Timestamp,
}

/// A service that borrowed a key of this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub service: String,
    /// Until when it may have had use of one before the erasure began; none when it borrowed only later, for a call that was
    /// under way and whose transaction the tombstone then refused.
    pub last_before: Option<Timestamp>,
}

impl Witness {
    /// What it borrowed a key for was there, as far as anybody but its holder knows. Rows that retention ended since explain an
    /// empty report; rows that were there after that do not.
    fn has_held(&self, expired_at: Option<Timestamp>) -> bool {
        self.last_before.is_some_and(|last| expired_at.is_none_or(|expired| last > expired))
    }
}

#[derive(Clone, Debug)]
pub struct Report {
    pub holder: String,
    pub rows_before: i64,
    /// Rows after, beside those that a law keeps.
    pub rows_after: i64,
    pub left_over: i64,
    /// When retention last ended rows of this person there.
    pub expired_at: Option<Timestamp>,
    pub done_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Wait {
        until: Timestamp,
    },
    AskHoldersAgain,
    AskWitness,
    DestroyKey,
    /// Goes to the privacy officer, never to "done".
    Contradict(Contradiction),
    Sign {
        recorded_at: Timestamp,
        in_force_at: Timestamp,
    },
}

/// Until when an erasure waits at most: a copy that was asked for is in the person's hands first, or past its own term.
pub fn waits_until(acts_at: Timestamp, open_copies: &[Timestamp], without_copy: bool, now: Timestamp) -> Option<Timestamp> {
    let copies = open_copies.iter().filter(|_| !without_copy).max().copied();
    copies.into_iter().chain([acts_at]).filter(|until| *until > now).max()
}

/// The number of an order that is given now. Orders are numbered by the minute: after a time in which nobody ran, one is given and
/// not all that were missed.
pub fn order_at(first: Timestamp, now: Timestamp) -> i64 {
    let minutes = now.since(first).as_secs() / ASK_AGAIN.as_secs();
    i64::try_from(minutes).unwrap_or(i64::MAX - 1) + 1
}

/// When the order of a number was given.
pub fn time_of(first: Timestamp, order: i64) -> Timestamp {
    first.plus(ASK_AGAIN * u32::try_from(order - 1).unwrap_or_default())
}

/// What holders and witness disagree about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("{holder} reports rows that are still there")]
    RowsRemain { holder: String },
    #[error("{} borrowed this person's key and reports that it held nothing", services.join(", "))]
    HeldNothing { services: Vec<String> },
}

impl Contradiction {
    /// The services that the officer's reason would account for; rows that remain can never be explained away.
    pub fn silent(&self) -> &[String] {
        match self {
            Self::RowsRemain { .. } => &[],
            Self::HeldNothing { services } => services,
        }
    }
}

pub fn step(progress: &Progress) -> Step {
    if let Some(report) = progress.reports.iter().find(|report| report.rows_after > 0 || report.left_over > 0) {
        return Step::Contradict(Contradiction::RowsRemain { holder: report.holder.clone() });
    }
    let missing = progress.holders.iter().any(|holder| !progress.reports.iter().any(|report| report.holder == *holder));
    if missing {
        let again = progress.last_ordered_at.plus(ASK_AGAIN);
        return if progress.now >= again { Step::AskHoldersAgain } else { Step::Wait { until: again } };
    }
    let Some(witnesses) = &progress.witnesses else { return Step::AskWitness };
    // A service that opened sealed data of this person and then found nothing to erase skipped something, unless the
    // officer has found out why and every scan is clean, which was asked above.
    let held_nothing = |witness: &&Witness| {
        let report = progress.reports.iter().find(|report| report.holder == witness.service);
        report.is_none_or(|report| report.rows_before <= 0) && witness.has_held(report.and_then(|report| report.expired_at))
    };
    let silent = witnesses.iter().filter(held_nothing).map(|witness| witness.service.clone());
    let silent: Vec<_> = silent.filter(|service| !progress.accounted_for.contains(service)).collect();
    if !silent.is_empty() {
        return Step::Contradict(Contradiction::HeldNothing { services: silent });
    }
    let Some(destroyed_at) = progress.key_destroyed_at else { return Step::DestroyKey };
    // Each holder gives up its leases when it erases; the key was destroyed after the last of them.
    let recorded_at = progress.reports.iter().map(|report| report.done_at).max().unwrap_or(destroyed_at);
    Step::Sign { recorded_at, in_force_at: recorded_at.max(destroyed_at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn report(holder: &str, before: i64, after: i64, left_over: i64) -> Report {
        Report { holder: holder.into(), rows_before: before, rows_after: after, left_over, expired_at: None, done_at: at(5) }
    }

    /// Borrowed half a second before the erasure began.
    fn borrowed(services: &[&str]) -> Option<Vec<Witness>> {
        Some(services.iter().map(|service| Witness { service: (*service).into(), last_before: Some(at(0)) }).collect())
    }

    fn progress(reports: Vec<Report>) -> Progress {
        let holders = vec!["identity".to_owned(), "learning".to_owned()];
        Progress {
            holders,
            reports,
            witnesses: None,
            accounted_for: Vec::new(),
            key_destroyed_at: None,
            last_ordered_at: at(0),
            now: at(1),
        }
    }

    #[test]
    fn waits_for_every_holder_and_asks_again() {
        let mut known = progress(vec![report("identity", 3, 0, 0)]);
        assert_eq!(step(&known), Step::Wait { until: at(60) });
        known.now = at(60);
        assert_eq!(step(&known), Step::AskHoldersAgain);
    }

    #[test]
    fn a_missed_hour_is_made_up_for_by_one_order() {
        assert_eq!((order_at(at(0), at(0)), order_at(at(0), at(60)), order_at(at(0), at(3650))), (1, 2, 61));
        for now in [60, 119, 3650, 86_400] {
            let mut known = progress(Vec::new());
            (known.now, known.last_ordered_at) = (at(now), time_of(at(0), order_at(at(0), at(now))));
            assert!(matches!(step(&known), Step::Wait { until } if until > at(now)));
        }
    }

    #[test]
    fn the_key_goes_last_and_then_the_receipt_is_signed() {
        let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, 0, 0)]);
        assert_eq!(step(&known), Step::AskWitness);
        known.witnesses = borrowed(&["identity"]);
        assert_eq!(step(&known), Step::DestroyKey);
        known.key_destroyed_at = Some(at(9));
        assert_eq!(step(&known), Step::Sign { recorded_at: at(5), in_force_at: at(9) });
    }

    #[test]
    fn a_lying_holder_is_caught_by_the_witness() {
        let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, 0, 0)]);
        known.witnesses = borrowed(&["identity", "learning"]);
        let caught = Contradiction::HeldNothing { services: vec!["learning".into()] };
        assert_eq!(caught.to_string(), "learning borrowed this person's key and reports that it held nothing");
        assert_eq!(caught.silent(), ["learning"]);
        assert_eq!(step(&known), Step::Contradict(caught));
    }

    #[test]
    fn a_key_that_was_lent_after_the_erasure_began_testifies_to_nothing() {
        let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, 0, 0)]);
        let late = Witness { service: "learning".into(), last_before: None };
        known.witnesses = borrowed(&["identity"]).map(|early| [early, vec![late]].concat());
        assert_eq!(step(&known), Step::DestroyKey);
    }

    #[test]
    fn rows_that_retention_ended_explain_only_what_was_borrowed_before() {
        let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, 0, 0)]);
        let last = |seconds| Some(vec![Witness { service: "learning".into(), last_before: Some(at(seconds)) }]);
        for (borrowed_until, expired_at, explained) in [(3, None, false), (3, Some(2), false), (3, Some(3), true), (3, Some(4), true)] {
            known.witnesses = last(borrowed_until);
            known.reports[1].expired_at = expired_at.map(at);
            assert_eq!(step(&known) == Step::DestroyKey, explained, "{borrowed_until} {expired_at:?}");
        }
        // Another holder's retention explains nothing.
        (known.reports[0].expired_at, known.reports[1].expired_at) = (Some(at(4)), None);
        assert!(matches!(step(&known), Step::Contradict(Contradiction::HeldNothing { .. })));
    }

    #[test]
    fn an_erasure_waits_for_the_copy_and_for_its_grace_and_for_nothing_longer() {
        assert_eq!(waits_until(at(0), &[], false, at(0)), None, "no grace, no copy: at once");
        assert_eq!(waits_until(at(9), &[], false, at(0)), Some(at(9)));
        assert_eq!(waits_until(at(9), &[at(7), at(20)], false, at(0)), Some(at(20)));
        assert_eq!(waits_until(at(9), &[at(20)], true, at(0)), Some(at(9)), "who wants no copy waits for none");
        assert_eq!(waits_until(at(9), &[at(20)], false, at(10)), Some(at(20)));
        assert_eq!(waits_until(at(9), &[at(20)], false, at(20)), None, "a copy past its term holds nothing up");
    }

    #[test]
    fn the_officers_reason_lets_pass_what_was_looked_into_and_nothing_else() {
        let mut known = progress(vec![report("identity", 0, 0, 0), report("learning", 0, 0, 0)]);
        known.witnesses = borrowed(&["learning"]);
        known.accounted_for = vec!["learning".into()];
        assert_eq!(step(&known), Step::DestroyKey);
        // Another service has the same to explain: it was not looked into.
        known.witnesses = borrowed(&["identity", "learning"]);
        assert_eq!(step(&known), Step::Contradict(Contradiction::HeldNothing { services: vec!["identity".into()] }));
        // A holder of the new round that has not reported is waited for.
        known.reports.pop();
        assert_eq!(step(&known), Step::Wait { until: at(60) });
    }

    #[test]
    fn no_reason_explains_rows_that_remain() {
        for (after, left_over) in [(1, 0), (0, 1)] {
            let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, after, left_over)]);
            known.witnesses = borrowed(&["identity", "learning"]);
            known.accounted_for = vec!["identity".into(), "learning".into()];
            let caught = Contradiction::RowsRemain { holder: "learning".into() };
            assert!(caught.silent().is_empty());
            assert_eq!(step(&known), Step::Contradict(caught));
        }
    }

    #[test]
    fn rows_that_remain_are_never_done() {
        for (after, left_over) in [(1, 0), (0, 1)] {
            let mut known = progress(vec![report("identity", 3, after, left_over), report("learning", 0, 0, 0)]);
            known.witnesses = Some(Vec::new());
            known.key_destroyed_at = Some(at(9));
            assert!(matches!(step(&known), Step::Contradict(_)));
        }
    }
}
