//! Short-lived values under a key: counters, revocations. The engine is chosen by address.

mod address;
mod memory;

use std::{sync::Arc, time::Duration};

use foundation::Clock;

/// Why the cache could not do what was asked. Names no key and no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    #[error("the cache address is not understood: write `memory:` or `rediss://host:port`")]
    UnknownAddress,
    #[error("a `rediss://` cache is not built yet in this version: write `memory:` and run all services in one process")]
    NotBuilt,
    #[error("the cache would speak plaintext: write `rediss://` in place of `redis://`")]
    Plaintext,
    /// Nothing is evicted before its time: a lost revocation would open a session again.
    #[error("the cache is full: {capacity} values are still alive")]
    Full { capacity: usize },
    #[error("the value is not a counter")]
    NotACounter,
}

/// A cache; clones share it.
#[derive(Clone)]
pub struct Cache {
    engine: Engine,
}

/// Where values live. Redis becomes the second arm.
#[derive(Clone)]
enum Engine {
    Memory(Arc<memory::Memory>),
}

impl Cache {
    /// Opens the cache at an address: `memory:`.
    pub async fn open(address: &str, clock: Clock) -> Result<Self, CacheError> {
        match address::parse(address)? {
            address::Address::Memory => Ok(Self::in_memory(clock, memory::CAPACITY)),
        }
    }

    /// A cache of this process that holds at most `capacity` live values.
    pub fn in_memory(clock: Clock, capacity: usize) -> Self {
        Self { engine: Engine::Memory(Arc::new(memory::Memory::new(clock, capacity))) }
    }

    /// Stores a value for `ttl`, in place of what was there.
    pub async fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.set(key, value, ttl),
        }
    }

    /// The value under the key, unless its time is over.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => Ok(memory.get(key)),
        }
    }

    /// Forgets the key; a key that is not there is forgotten already.
    pub async fn delete(&self, key: &str) -> Result<(), CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.delete(key),
        }
        Ok(())
    }

    /// Counts one more and answers the count. `ttl` runs from the first count; later ones do not prolong it.
    pub async fn incr(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.incr(key, ttl),
        }
    }
}
