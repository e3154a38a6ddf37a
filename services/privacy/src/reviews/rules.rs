//! What a review looks at, without IO: rules over a day's entries of staff, and a sample that nobody can steer.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    hash::Hash,
    time::Duration,
};

use contract::privacy::v1::review_item::Rule;
use foundation::{Timestamp, uuid::Uuid};
use personal_data::access_log::{exception_of, is_granted};
use sha2::{Digest, Sha256};

use super::periods::is_night;

const HOUR: Duration = Duration::from_secs(3600);
/// People of whom one member of staff may read within an hour before somebody asks why.
pub const PEOPLE_IN_AN_HOUR: usize = 30;
pub const REFUSALS_IN_AN_HOUR: usize = 5;
/// Of the entries of staff in a month, in percent; and at least this many.
const SHARE: usize = 5;
const FEWEST: usize = 10;

/// An entry of staff, as the rules see it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub id: Uuid,
    pub service: String,
    pub sequence: i64,
    pub at: Timestamp,
    pub actor: String,
    pub subject: String,
    pub decision: String,
    /// Whether the actor was once let in to this person.
    pub had_tie: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub rule: i32,
    pub about: Uuid,
    pub found: i64,
}

/// Everything that the rules find in a day's entries, which come in the order of their times.
pub fn find(entries: &[Seen]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut of_actor: BTreeMap<(&str, &str), Vec<&Seen>> = BTreeMap::new();
    for entry in entries {
        of_actor.entry((&entry.service, &entry.actor)).or_default().push(entry);
        if exception_of(&entry.decision).is_some() {
            found.push(one(Rule::ByException, entry));
        }
        if entry.decision == "NO_TIE" && entry.had_tie {
            found.push(one(Rule::AfterTie, entry));
        }
    }
    for of in of_actor.values() {
        let read: Vec<_> = of.iter().copied().filter(|entry| is_granted(&entry.decision) && !entry.subject.is_empty()).collect();
        let refused: Vec<_> = of.iter().copied().filter(|entry| !is_granted(&entry.decision)).collect();
        found.extend(bursts(Rule::ManyPeople, &read, PEOPLE_IN_AN_HOUR, |entry| entry.subject.as_str()));
        found.extend(bursts(Rule::ManyRefusals, &refused, REFUSALS_IN_AN_HOUR - 1, |entry| entry.id));
        let at_night: Vec<_> = read.iter().filter(|entry| is_night(entry.at)).collect();
        if let Some(last) = at_night.last() {
            found.push(Found { found: number(at_night.len()), ..one(Rule::AtNight, last) });
        }
    }
    found
}

/// Times within which more than `most` different things came in any one hour: the largest number of each, at its last entry.
fn bursts<'e, K: Eq + Hash>(rule: Rule, entries: &[&'e Seen], most: usize, what: impl Fn(&'e Seen) -> K) -> Vec<Found> {
    let (mut within, mut counts): (VecDeque<&Seen>, HashMap<K, usize>) = Default::default();
    let (mut found, mut burst): (Vec<Found>, Option<Found>) = Default::default();
    for entry in entries {
        while let Some(first) = within.front().filter(|first| entry.at.since(first.at) > HOUR) {
            let key = what(first);
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&key);
                }
            }
            within.pop_front();
        }
        within.push_back(entry);
        *counts.entry(what(entry)).or_default() += 1;
        let now = counts.len();
        if now > most {
            let largest = burst.map_or(0, |burst| burst.found).max(number(now));
            burst = Some(Found { found: largest, ..one(rule, entry) });
        } else {
            found.extend(burst.take());
        }
    }
    found.extend(burst);
    found
}

/// A share of the entries, those whose hash with the seed is smallest: who does not know the seed cannot stay out, and who does
/// cannot choose.
pub fn sample(entries: &[Seen], seed: &str) -> Vec<Found> {
    let drawn = |entry: &Seen| {
        Sha256::new()
            .chain_update(seed)
            .chain_update(b"|")
            .chain_update(&entry.service)
            .chain_update(entry.sequence.to_be_bytes())
            .finalize()
    };
    let mut drawn: Vec<_> = entries.iter().map(|entry| (drawn(entry), entry)).collect();
    drawn.sort_by_key(|entry| entry.0);
    let share = (entries.len() * SHARE).div_ceil(100).max(FEWEST);
    drawn.into_iter().take(share).map(|(_, entry)| one(Rule::Sampled, entry)).collect()
}

/// The same thing is looked at once by one rule.
pub fn distinct(found: Vec<Found>) -> Vec<Found> {
    let mut seen = HashSet::new();
    found.into_iter().filter(|one| seen.insert((one.rule, one.about))).collect()
}

fn one(rule: Rule, entry: &Seen) -> Found {
    Found { rule: rule.into(), about: entry.id, found: 1 }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
