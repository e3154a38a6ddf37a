//! How long backups stay, decided over the catalogue alone.

use std::time::Duration;

use foundation::Timestamp;

use crate::Entry;

/// A backup that has been under way for so long was interrupted.
pub(crate) const INTERRUPTED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// When the last backup that may hold somebody is gone, given that holders had erased them by `recorded_at`; none when no backup that
/// began before is left. `entries` are all of the catalogue, those under way included; `prune_every` lies between two prunings.
pub fn gone_by(entries: &[Entry], recorded_at: Timestamp, now: Timestamp, prune_every: Duration) -> Option<Timestamp> {
    let holding = entries.iter().filter(|entry| entry.started_at <= recorded_at);
    // One that should be gone and is still listed goes with the next pruning, and not before.
    let last = holding.map(|entry| entry.expires_at.max(now)).max()?;
    Some(last.plus(prune_every))
}

pub(crate) fn is_expired(entry: &Entry, now: Timestamp) -> bool {
    entry.expires_at <= now
}

pub(crate) fn is_interrupted(entry: &Entry, now: Timestamp) -> bool {
    entry.finished_at.is_none() && entry.started_at.plus(INTERRUPTED_AFTER) <= now
}

/// When the next backup is due; now when there is none.
pub fn due_at(last: Option<&Entry>, every: Duration, now: Timestamp) -> Timestamp {
    last.map_or(now, |entry| entry.started_at.plus(every))
}

/// Overdue by half of its interval: somebody must look.
pub fn is_overdue(last: Option<&Entry>, every: Duration, now: Timestamp) -> bool {
    last.is_none_or(|entry| entry.started_at.plus(every + every / 2) < now)
}

#[cfg(test)]
mod tests {
    use foundation::uuid::Uuid;

    use super::*;
    use crate::catalogue::{FORMAT, Shelf};

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * 3_600_000_000)
    }

    fn entry(started: i64, expires: i64, finished: bool) -> Entry {
        Entry {
            format: FORMAT.into(),
            id: Uuid::now_v7(),
            shelf: Shelf::Data,
            school: String::new(),
            version: String::new(),
            started_at: at(started),
            finished_at: finished.then(|| at(started + 1)),
            expires_at: at(expires),
            ledger_entries: 0,
            parts: Vec::new(),
        }
    }

    #[test]
    fn the_last_backup_that_began_before_counts_with_the_pruning_after_it() {
        let entries = [entry(0, 100, true), entry(24, 124, true), entry(48, 148, true)];
        assert_eq!(gone_by(&entries, at(30), at(30), HOUR), Some(at(125)));
        assert_eq!(gone_by(&entries, at(24), at(30), HOUR), Some(at(125)), "one that begins in the same moment may hold them");
        assert_eq!(gone_by(&entries, at(-1), at(0), HOUR), None, "every backup began later");
        assert_eq!(gone_by(&[], at(30), at(30), HOUR), None, "there is no backup");
    }

    #[test]
    fn a_backup_under_way_holds_whoever_was_there_when_it_began() {
        assert_eq!(gone_by(&[entry(0, 100, false)], at(0), at(0), HOUR), Some(at(101)));
    }

    #[test]
    fn a_shorter_interval_set_later_changes_nothing_of_what_is_there() {
        // What counts is what each entry says, not what a setting says now: the older backup lasts longer.
        assert_eq!(gone_by(&[entry(0, 500, true), entry(24, 48, true)], at(30), at(30), HOUR), Some(at(501)));
    }

    #[test]
    fn what_was_to_be_pruned_and_is_not_goes_with_the_next_pruning() {
        assert_eq!(gone_by(&[entry(0, 10, true)], at(5), at(40), HOUR), Some(at(41)));
    }

    #[test]
    fn due_and_overdue() {
        let last = entry(0, 100, true);
        assert_eq!(due_at(Some(&last), HOUR * 24, at(1)), at(24));
        assert_eq!(due_at(None, HOUR * 24, at(1)), at(1));
        assert!(!is_overdue(Some(&last), HOUR * 24, at(36)) && is_overdue(Some(&last), HOUR * 24, at(37)) && is_overdue(None, HOUR, at(0)));
        assert!(is_interrupted(&entry(0, 100, false), at(24)) && !is_interrupted(&entry(0, 100, true), at(24)));
    }
}
