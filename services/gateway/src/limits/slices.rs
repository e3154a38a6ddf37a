//! Budgets that all gateways share, spent in local slices: a gateway takes a slice of an address's budget out of the cache and spends it
//! without asking again. All of it comes out of the one budget, so gateways together never let through more; what lies in slices that
//! are not spent is let through less.
//!
//! The cache knows an address by a pseudonym alone, and for the seconds in which its budget is not full.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cache::{Budget, Cache, CacheError};
use foundation::{Clock, Timestamp};

use super::payer::Payer;

/// A slice is this part of the budget: a gateway asks the cache once in so many calls.
const PARTS: u32 = 10;

/// What is not spent within this time is dropped: the budget is full again soon after.
const LIVES: Duration = Duration::from_secs(2);

/// Whoever has spent everything is not asked for within this time: a flood costs the cache ten questions a second.
const SHUT: Duration = Duration::from_millis(100);

/// How an address stands at this gateway.
#[derive(Default)]
struct Slice {
    left: u32,
    /// When it ends.
    ends: Option<Timestamp>,
    /// Until when nothing more is to be had.
    shut: Option<Timestamp>,
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Paid,
    /// There is no more before this time.
    Spent(Duration),
}

pub(super) struct Slices {
    cache: Cache,
    clock: Clock,
    budget: Budget,
    most: usize,
    /// An address's calls wait for each other only while a slice is fetched.
    slices: Mutex<HashMap<Payer, Arc<tokio::sync::Mutex<Slice>>>>,
}

impl Slices {
    pub(super) fn new(cache: Cache, clock: Clock, budget: Budget, most: usize) -> Self {
        Self { cache, clock, budget, most, slices: Mutex::default() }
    }

    /// Takes `cost`, at most the whole budget. None when the shared budget cannot be told: there are too many addresses, or the cache is
    /// away.
    pub(super) async fn take(&self, payer: Payer, cost: u32) -> Option<Taken> {
        let name = payer.bytes()?;
        let slice = self.slice(payer)?;
        let mut slice = slice.lock().await;
        let now = self.clock.now();
        if slice.ends.is_none_or(|ends| ends <= now) {
            slice.left = 0;
        }
        if slice.left < cost {
            if let Some(shut) = slice.shut.filter(|shut| *shut > now) {
                return Some(Taken::Spent(shut.since(now).max(self.budget.regains(cost - slice.left))));
            }
            slice.left += self.fetch(&name, cost - slice.left).await.ok()?;
            slice.ends = Some(now.plus(LIVES));
        }
        if slice.left < cost {
            let wait = self.budget.regains(cost - slice.left).max(SHUT);
            slice.shut = Some(now.plus(wait));
            return Some(Taken::Spent(wait));
        }
        slice.left -= cost;
        Some(Taken::Paid)
    }

    /// What is missing, or a whole slice.
    async fn fetch(&self, name: &[u8], missing: u32) -> Result<u32, CacheError> {
        let key = format!("gateway:limit:{}", self.cache.pseudonym(name));
        let slice = (self.budget.burst() / PARTS).max(1);
        self.cache.spend(&key, &self.budget, missing.max(slice)).await
    }

    fn slice(&self, payer: Payer) -> Option<Arc<tokio::sync::Mutex<Slice>>> {
        let mut slices = self.slices();
        let room = slices.len() < self.most;
        match slices.get(&payer) {
            Some(slice) => Some(slice.clone()),
            None if room => Some(slices.entry(payer).or_default().clone()),
            None => None,
        }
    }

    /// Forgets addresses that have nothing left and nothing to wait for.
    pub(super) fn forget_idle(&self) {
        let now = self.clock.now();
        let mut slices = self.slices();
        slices.retain(|_, slice| match slice.try_lock() {
            Ok(slice) => [slice.ends, slice.shut].into_iter().flatten().any(|until| until > now),
            Err(_) => true,
        });
        slices.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slices().len()
    }

    fn slices(&self) -> MutexGuard<'_, HashMap<Payer, Arc<tokio::sync::Mutex<Slice>>>> {
        self.slices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
