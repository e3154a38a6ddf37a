//! How much one address may ask. Addresses live in memory only, for as long as they are used, and are never logged.
//!
//! With a cache of one process every gateway counts by itself; with one that gateways share they spend one budget in slices. While that
//! one is away they count by themselves again: neither open nor closed, an address has its budget at each gateway.

mod local;
mod payer;
mod slices;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use cache::{Budget, Cache};
use foundation::{Clock, Refusal};

use self::{
    local::Local,
    payer::Payer,
    slices::{Slices, Taken},
};
use crate::config;

pub(crate) struct Limiter {
    local: Local,
    shared: Option<Slices>,
    burst: u32,
}

impl Limiter {
    pub(crate) fn new(limits: &config::Limits, clock: Clock, cache: Option<Cache>) -> Self {
        // Zero is refused by the settings' validation.
        let rate = NonZeroU32::new(limits.per_address_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
        let budget = Budget::new(burst.get(), Duration::from_secs(1) / rate.get());
        let shared = cache.filter(Cache::may_forget).map(|cache| Slices::new(cache, clock.clone(), budget, limits.max_addresses));
        Self { local: Local::new(rate, burst, limits.max_addresses, clock), shared, burst: burst.get() }
    }

    /// Takes `cost` from the address's budget. A cost beyond the budget would never pass: it takes the whole budget instead.
    pub(crate) async fn take(&self, address: IpAddr, cost: u32) -> Result<(), Refusal> {
        let cost = cost.clamp(1, self.burst);
        let taken = match &self.shared {
            Some(shared) => shared.take(Payer::of(address), cost).await,
            None => None,
        };
        match taken.unwrap_or_else(|| self.local.take(address, cost)) {
            Taken::Paid => Ok(()),
            Taken::Spent(wait) => {
                let wait = Duration::from_secs(wait.as_secs() + 1);
                Err(Refusal::exhausted("TOO_MANY_CALLS", "too many calls from this address; wait and call less often", wait))
            }
        }
    }

    /// Forgets addresses whose budgets are full again.
    pub(crate) fn forget_idle(&self) {
        self.local.forget_idle();
        if let Some(shared) = &self.shared {
            shared.forget_idle();
        }
    }
}
