//! What a rectification does next, decided without IO.

use std::time::Duration;

use foundation::Timestamp;

/// Between one order and the next to holders that have not reported.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Before holders that contradicted are asked again.
pub const TRY_AGAIN: Duration = Duration::from_secs(3600);

/// What is known of a rectification.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Every holder of the contract.
    pub holders: Vec<String>,
    /// Who has answered the last order, and how many of their copies are still stale.
    pub reports: Vec<(String, i64)>,
    pub ordered_at: Timestamp,
    /// Holders contradicted the order before: the officer knows.
    pub contradicted: bool,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Wait {
        until: Timestamp,
    },
    AskAgain,
    /// Goes to the privacy officer, never to "done".
    Contradict {
        holder: String,
    },
    Done,
}

pub fn step(progress: &Progress) -> Step {
    if let Some((holder, _)) = progress.reports.iter().find(|(_, stale)| *stale > 0) {
        let again = progress.ordered_at.plus(TRY_AGAIN);
        return match progress.contradicted {
            false => Step::Contradict { holder: holder.clone() },
            true if progress.now >= again => Step::AskAgain,
            true => Step::Wait { until: again },
        };
    }
    let silent = progress.holders.iter().any(|holder| !progress.reports.iter().any(|(reported, _)| reported == holder));
    if !silent {
        return Step::Done;
    }
    let again = progress.ordered_at.plus(ASK_AGAIN);
    if progress.now >= again { Step::AskAgain } else { Step::Wait { until: again } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn progress(reports: &[(&str, i64)]) -> Progress {
        Progress {
            holders: vec!["identity".into(), "privacy".into()],
            reports: reports.iter().map(|(holder, stale)| ((*holder).to_owned(), *stale)).collect(),
            ordered_at: at(0),
            contradicted: false,
            now: at(1),
        }
    }

    #[test]
    fn every_holder_has_to_say_that_the_old_value_is_gone() {
        let mut known = progress(&[("identity", 0)]);
        assert_eq!(step(&known), Step::Wait { until: at(60) });
        known.now = at(60);
        assert_eq!(step(&known), Step::AskAgain);
        assert_eq!(step(&progress(&[("identity", 0), ("privacy", 0)])), Step::Done);
    }

    #[test]
    fn a_stale_copy_is_never_done() {
        let mut known = progress(&[("identity", 0), ("privacy", 1)]);
        assert_eq!(step(&known), Step::Contradict { holder: "privacy".into() });
        known.contradicted = true;
        assert_eq!(step(&known), Step::Wait { until: at(3600) });
        known.now = at(3600);
        assert_eq!(step(&known), Step::AskAgain);
    }

    #[test]
    fn a_clock_that_went_back_only_waits() {
        let mut known = progress(&[("identity", 0)]);
        (known.ordered_at, known.now) = (at(100), at(1));
        assert_eq!(step(&known), Step::Wait { until: at(160) });
    }
}
