//! What is on loan, bounded in number and time.

use std::{collections::HashMap, sync::Mutex};

use contract::{Category, Purpose};
use foundation::{PersonId, Timestamp, uuid::Uuid};

use super::RawKey;

/// Beyond this many people the store starts anew: a lease is cheap to take again.
const PEOPLE: usize = 20_000;

/// A value per person that is forgotten when their state changes.
struct PerPerson<T>(Mutex<Inner<T>>);

struct Inner<T> {
    of: HashMap<PersonId, T>,
    evictions: u64,
}

impl<T> Default for PerPerson<T> {
    fn default() -> Self {
        Self(Mutex::new(Inner { of: HashMap::new(), evictions: 0 }))
    }
}

impl<T> PerPerson<T> {
    fn with<R>(&self, work: impl FnOnce(&mut Inner<T>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// Remembers, unless somebody was evicted since `seen` was read.
    fn change(&self, person: PersonId, seen: u64, change: impl FnOnce(Option<&mut T>) -> Option<T>) {
        self.with(|inner| {
            if inner.evictions != seen {
                return;
            }
            if inner.of.len() >= PEOPLE && !inner.of.contains_key(&person) {
                inner.of.clear();
            }
            if let Some(new) = change(inner.of.get_mut(&person)) {
                inner.of.insert(person, new);
            }
        });
    }

    fn evict(&self, person: PersonId) {
        self.with(|inner| {
            inner.of.remove(&person);
            inner.evictions += 1;
        });
    }
}

pub(super) struct Lease {
    pub category: Category,
    pub purpose: Purpose,
    pub key: RawKey,
    pub until: Timestamp,
}

#[derive(Default)]
pub(super) struct Leases(PerPerson<Vec<Lease>>);

impl Leases {
    pub fn evictions(&self) -> u64 {
        self.0.with(|inner| inner.evictions)
    }

    pub fn get(&self, person: PersonId, category: Category, purpose: Purpose, now: Timestamp) -> Option<RawKey> {
        self.0.with(|inner| {
            let of = inner.of.get(&person)?;
            of.iter().find(|l| l.category == category && l.purpose == purpose && l.until > now).map(|l| l.key.clone())
        })
    }

    pub fn put(&self, person: PersonId, lease: Lease, seen: u64) {
        self.0.change(person, seen, |of| match of {
            Some(of) => {
                of.retain(|l| l.category != lease.category || l.purpose != lease.purpose);
                of.push(lease);
                None
            }
            None => Some(vec![lease]),
        });
    }

    pub fn evict(&self, person: PersonId) {
        self.0.evict(person);
    }
}

#[derive(Default)]
pub(super) struct Handles(PerPerson<Uuid>);

impl Handles {
    pub fn evictions(&self) -> u64 {
        self.0.with(|inner| inner.evictions)
    }

    pub fn get(&self, person: PersonId) -> Option<Uuid> {
        self.0.with(|inner| inner.of.get(&person).copied())
    }

    pub fn put(&self, person: PersonId, handle: Uuid, seen: u64) {
        self.0.change(person, seen, |_| Some(handle));
    }

    pub fn evict(&self, person: PersonId) {
        self.0.evict(person);
    }
}
