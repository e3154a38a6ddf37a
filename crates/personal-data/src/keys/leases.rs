//! What is on loan, bounded in number and time.

use std::{collections::HashMap, sync::Mutex};

use contract::{Category, Purpose};
use foundation::{PersonId, Timestamp, uuid::Uuid};

use super::RawKey;

/// Beyond this many people the store starts anew: a lease is cheap to take again.
const PEOPLE: usize = 20_000;

#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<PersonId, Vec<Lease>>>);

struct Lease {
    category: Category,
    purpose: Purpose,
    key: RawKey,
    until: Timestamp,
}

impl Leases {
    pub fn get(&self, person: PersonId, category: Category, purpose: Purpose, now: Timestamp) -> Option<RawKey> {
        let leases = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let found = leases.get(&person)?.iter().find(|l| l.category == category && l.purpose == purpose && l.until > now)?;
        Some(found.key.clone())
    }

    pub fn put(&self, person: PersonId, category: Category, purpose: Purpose, key: RawKey, until: Timestamp) {
        let mut leases = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if leases.len() >= PEOPLE && !leases.contains_key(&person) {
            leases.clear();
        }
        let of = leases.entry(person).or_default();
        of.retain(|l| l.category != category || l.purpose != purpose);
        of.push(Lease { category, purpose, key, until });
    }

    pub fn evict(&self, person: PersonId) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).remove(&person);
    }
}

#[derive(Default)]
pub(super) struct Handles(Mutex<HashMap<PersonId, Uuid>>);

impl Handles {
    pub fn get(&self, person: PersonId) -> Option<Uuid> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).get(&person).copied()
    }

    pub fn put(&self, person: PersonId, handle: Uuid) {
        let mut handles = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if handles.len() >= PEOPLE {
            handles.clear();
        }
        handles.insert(person, handle);
    }

    pub fn evict(&self, person: PersonId) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).remove(&person);
    }
}
