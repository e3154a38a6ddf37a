//! How much one address may ask. Addresses live in memory only, for as long as they are used, and are never logged.

use std::{collections::hash_map::RandomState, hash::BuildHasher, net::IpAddr, num::NonZeroU32, time::Duration};

use foundation::{Clock, Refusal, Timestamp};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as Ticks, Reference},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::config;

/// Addresses beyond the remembered ones share so many buckets.
const SHARED_BUCKETS: u64 = 1_024;

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Payer {
    V4(u32),
    /// The network of 64 bits: one household has that many addresses.
    V6(u64),
    Shared(u64),
}

impl Payer {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            // The upper half; the cast keeps exactly 64 bits.
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

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

pub(crate) struct Limiter {
    buckets: RateLimiter<Payer, DashMapStateStore<Payer>, SinceStart, NoOpMiddleware<Duration>>,
    burst: NonZeroU32,
    max_addresses: usize,
    /// Seeded at random, so that nobody can choose an address to share a bucket with another.
    hasher: RandomState,
}

impl Limiter {
    pub(crate) fn new(limits: &config::Limits, clock: Clock) -> Self {
        // Zero is refused by the settings' validation.
        let rate = NonZeroU32::new(limits.per_address_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
        let ticks = SinceStart { start: clock.now(), clock };
        let buckets = RateLimiter::dashmap_with_clock(Quota::per_second(rate).allow_burst(burst), ticks);
        Self { buckets, burst, max_addresses: limits.max_addresses, hasher: RandomState::new() }
    }

    /// Takes `cost` from the address's bucket.
    pub(crate) fn take(&self, address: IpAddr, cost: u32) -> Result<(), Refusal> {
        let payer = if self.buckets.len() < self.max_addresses { Payer::of(address) } else { self.shared(address) };
        // A cost beyond the bucket would never pass: it takes the whole bucket instead.
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN).min(self.burst);
        match self.buckets.check_key_n(&payer, cost) {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(until)) => {
                let wait = Reference::duration_since(&until.earliest_possible(), self.buckets.clock().now());
                let wait = Duration::from_secs(Duration::from(wait).as_secs() + 1);
                Err(Refusal::exhausted("TOO_MANY_CALLS", "too many calls from this address; wait and call less often", wait))
            }
        }
    }

    fn shared(&self, address: IpAddr) -> Payer {
        Payer::Shared(self.hasher.hash_one(Payer::of(address)) % SHARED_BUCKETS)
    }

    /// Forgets addresses whose buckets are full again.
    pub(crate) fn forget_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use foundation::Mode;

    use super::*;

    fn limiter(burst: u32, max_addresses: usize) -> (Limiter, Clock) {
        let clock = Clock::system(Mode::Development);
        let limits = config::Limits { per_address_per_second: 1, burst, max_addresses, ..Default::default() };
        (Limiter::new(&limits, clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (limiter, clock) = limiter(10, 100);
        limiter.take(address("198.51.100.1"), 10).unwrap();
        let refusal = limiter.take(address("198.51.100.1"), 1).unwrap_err();
        assert_eq!(refusal.reason, "TOO_MANY_CALLS");
        assert!(refusal.retry_after.unwrap() >= Duration::from_secs(1));
        limiter.take(address("198.51.100.2"), 1).unwrap();
        clock.advance(Duration::from_secs(11));
        limiter.take(address("198.51.100.1"), 10).unwrap();
    }

    #[test]
    fn a_network_of_64_bits_is_one_address_and_a_mapped_one_is_its_v4() {
        let (limiter, _) = limiter(1, 100);
        limiter.take(address("2001:db8::1"), 1).unwrap();
        limiter.take(address("2001:db8::ffff:2"), 1).unwrap_err();
        limiter.take(address("2001:db8:0:1::1"), 1).unwrap();
        limiter.take(address("198.51.100.1"), 1).unwrap();
        limiter.take(address("::ffff:198.51.100.1"), 1).unwrap_err();
    }

    #[test]
    fn memory_is_bounded_and_idle_addresses_are_forgotten() {
        let (limiter, clock) = limiter(5, 10);
        for last in 0..=255 {
            for third in 0..20 {
                let _ = limiter.take(address(&format!("203.0.{third}.{last}")), 1);
            }
        }
        assert!(limiter.buckets.len() <= 10 + SHARED_BUCKETS as usize);
        clock.advance(Duration::from_secs(3_600));
        limiter.forget_idle();
        assert_eq!(limiter.buckets.len(), 0);
    }

    #[test]
    fn a_cost_beyond_the_bucket_takes_all_of_it() {
        let (limiter, _) = limiter(5, 10);
        limiter.take(address("198.51.100.1"), 50).unwrap();
        limiter.take(address("198.51.100.1"), 1).unwrap_err();
    }
}
