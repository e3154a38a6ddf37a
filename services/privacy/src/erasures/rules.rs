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
    pub witnesses: Option<Vec<String>>,
    /// Services whose borrowing without holding the privacy officer has looked into and given a reason for.
    pub accounted_for: Vec<String>,
    pub key_destroyed_at: Option<Timestamp>,
    pub last_ordered_at: Timestamp,
    pub now: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub holder: String,
    pub rows_before: i64,
    /// Rows after, beside those that a law keeps.
    pub rows_after: i64,
    pub left_over: i64,
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
    let held_nothing = |witness: &&String| !progress.reports.iter().any(|r| r.holder == **witness && r.rows_before > 0);
    let silent: Vec<_> = witnesses.iter().filter(held_nothing).filter(|w| !progress.accounted_for.contains(w)).cloned().collect();
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
        Report { holder: holder.into(), rows_before: before, rows_after: after, left_over, done_at: at(5) }
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
        known.witnesses = Some(vec!["identity".into()]);
        assert_eq!(step(&known), Step::DestroyKey);
        known.key_destroyed_at = Some(at(9));
        assert_eq!(step(&known), Step::Sign { recorded_at: at(5), in_force_at: at(9) });
    }

    #[test]
    fn a_lying_holder_is_caught_by_the_witness() {
        let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, 0, 0)]);
        known.witnesses = Some(vec!["identity".into(), "learning".into()]);
        let caught = Contradiction::HeldNothing { services: vec!["learning".into()] };
        assert_eq!(caught.to_string(), "learning borrowed this person's key and reports that it held nothing");
        assert_eq!(caught.silent(), ["learning"]);
        assert_eq!(step(&known), Step::Contradict(caught));
    }

    #[test]
    fn the_officers_reason_lets_pass_what_was_looked_into_and_nothing_else() {
        let mut known = progress(vec![report("identity", 0, 0, 0), report("learning", 0, 0, 0)]);
        known.witnesses = Some(vec!["learning".into()]);
        known.accounted_for = vec!["learning".into()];
        assert_eq!(step(&known), Step::DestroyKey);
        // Another service has the same to explain: it was not looked into.
        known.witnesses = Some(vec!["identity".into(), "learning".into()]);
        assert_eq!(step(&known), Step::Contradict(Contradiction::HeldNothing { services: vec!["identity".into()] }));
        // A holder of the new round that has not reported is waited for.
        known.reports.pop();
        assert_eq!(step(&known), Step::Wait { until: at(60) });
    }

    #[test]
    fn no_reason_explains_rows_that_remain() {
        for (after, left_over) in [(1, 0), (0, 1)] {
            let mut known = progress(vec![report("identity", 3, 0, 0), report("learning", 0, after, left_over)]);
            known.witnesses = Some(vec!["identity".into(), "learning".into()]);
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
