//! The budgets of one gateway by itself.

use std::{collections::hash_map::RandomState, hash::BuildHasher, net::IpAddr, num::NonZeroU32, time::Duration};

use foundation::{Clock, Timestamp};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as Ticks, Reference},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

use super::{payer::Payer, slices::Taken};

/// Addresses beyond the remembered ones share so many buckets.
pub(super) const SHARED_BUCKETS: u64 = 1_024;

/// The platform's clock, as the limiter reads it: time since the gateway began.
#[derive(Clone, Debug)]
struct SinceStart {
    clock: Clock,
    start: Timestamp,
}

impl Ticks for SinceStart {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.clock.now().since(self.start)
    }
}

pub(super) struct Local {
    buckets: RateLimiter<Payer, DashMapStateStore<Payer>, SinceStart, NoOpMiddleware<Duration>>,
    max_addresses: usize,
    /// Seeded at random, so that nobody can choose an address to share a bucket with another.
    hasher: RandomState,
}

impl Local {
    pub(super) fn new(rate: NonZeroU32, burst: NonZeroU32, max_addresses: usize, clock: Clock) -> Self {
        let ticks = SinceStart { start: clock.now(), clock };
        let buckets = RateLimiter::dashmap_with_clock(Quota::per_second(rate).allow_burst(burst), ticks);
        Self { buckets, max_addresses, hasher: RandomState::new() }
    }

    /// Takes `cost`, at most the whole budget.
    pub(super) fn take(&self, address: IpAddr, cost: u32) -> Taken {
        let payer = if self.buckets.len() < self.max_addresses { Payer::of(address) } else { self.shared(address) };
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        match self.buckets.check_key_n(&payer, cost) {
            Ok(Ok(())) | Err(_) => Taken::Paid,
            Ok(Err(until)) => Taken::Spent(Reference::duration_since(&until.earliest_possible(), self.buckets.clock().now()).into()),
        }
    }

    fn shared(&self, address: IpAddr) -> Payer {
        Payer::Shared(self.hasher.hash_one(Payer::of(address)) % SHARED_BUCKETS)
    }

    pub(super) fn forget_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }
}
