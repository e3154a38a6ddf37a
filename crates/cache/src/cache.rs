//! The cache, whatever its engine.

use std::{path::Path, sync::Arc, time::Duration};

use foundation::{Clock, Mode};

use crate::{
    Budget, CacheError,
    address::{self, Address},
    memory::{CAPACITY, Memory},
    server::Server,
};

/// Where the cache is.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// `memory:`, `rediss://:password@host:port`, or in development `redis://…` on loopback. A number after a slash chooses a database.
    pub address: &'a str,
    /// A PEM file of the authority that signed the server's certificate; absent, the machine's own authorities.
    pub authority: Option<&'a Path>,
    /// What every key begins with: schools that share a server differ in it.
    pub prefix: &'a str,
    pub mode: Mode,
}

/// What must be so for a value to be stored.
#[derive(Clone, Copy)]
pub struct Condition<'a> {
    pub key: &'a str,
    /// What the key must hold; nothing, when it must be free.
    pub holds: Option<&'a [u8]>,
}

/// A cache; clones share it.
#[derive(Clone)]
pub struct Cache {
    engine: Engine,
}

/// Where values live.
#[derive(Clone)]
enum Engine {
    Memory(Arc<Memory>),
    Server(Arc<Server>),
}

impl Cache {
    /// Opens the cache. A server that refuses us, or that would break what the cache promises, is an error; one that does not answer
    /// is waited for in the background, and every call fails until it does. Call it inside the runtime.
    pub async fn open(config: Config<'_>, clock: Clock) -> Result<Self, CacheError> {
        match address::parse(config.address, config.mode)? {
            Address::Memory => Ok(Self::in_memory(clock, CAPACITY)),
            Address::Server(address) => {
                let server = Server::open(&address, config.authority, config.prefix, clock).await?;
                Ok(Self { engine: Engine::Server(Arc::new(server)) })
            }
        }
    }

    /// A cache of this process that holds at most `capacity` live values.
    pub fn in_memory(clock: Clock, capacity: usize) -> Self {
        Self { engine: Engine::Memory(Arc::new(Memory::new(clock, capacity))) }
    }

    /// Whether others share it: then it may be away, and it may come back without what it held.
    pub fn may_forget(&self) -> bool {
        matches!(self.engine, Engine::Server(_))
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), CacheError> {
        match &self.engine {
            Engine::Memory(_) => Ok(()),
            Engine::Server(server) => server.ping().await,
        }
    }

    /// How often the server was connected to. When it has grown, what was stored before may be lost: another server may have taken over.
    pub fn connections(&self) -> u64 {
        match &self.engine {
            Engine::Memory(_) => 0,
            Engine::Server(server) => server.connections(),
        }
    }

    /// Stores a value for `ttl`, in place of what was there.
    pub async fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.set(key, value, ttl),
            Engine::Server(server) => server.set(key, &value, ttl).await,
        }
    }

    /// Stores a value for `ttl` if the condition holds, at one moment; answers whether it did.
    pub async fn set_if(&self, condition: Condition<'_>, key: &str, value: Vec<u8>, ttl: Duration) -> Result<bool, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.set_if(condition, key, value, ttl),
            Engine::Server(server) => server.set_if(condition, key, &value, ttl).await,
        }
    }

    /// The value under the key, unless its time is over.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.get_all(&[key]).await?.pop().flatten())
    }

    /// The values under these keys as they are at one moment, in this order.
    pub async fn get_all(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => Ok(memory.get_all(keys)),
            Engine::Server(server) => server.get_all(keys).await,
        }
    }

    /// Forgets the key; a key that is not there is forgotten already.
    pub async fn delete(&self, key: &str) -> Result<(), CacheError> {
        match &self.engine {
            Engine::Memory(memory) => {
                memory.delete(key);
                Ok(())
            }
            Engine::Server(server) => server.delete(key).await,
        }
    }

    /// Counts one more and answers the count. `ttl` runs from the first count; later ones do not prolong it.
    pub async fn incr(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.incr(key, ttl),
            Engine::Server(server) => server.incr(key, ttl).await,
        }
    }

    /// Takes up to `ask` from the budget under the key, which everybody who names it shares; answers how much it was. A new key is a
    /// full budget.
    pub async fn spend(&self, key: &str, budget: &Budget, ask: u32) -> Result<u32, CacheError> {
        match &self.engine {
            Engine::Memory(memory) => memory.spend(key, budget, ask),
            Engine::Server(server) => server.spend(key, budget, ask).await,
        }
    }

    /// A name for something that the cache itself shall not know: a keyed hash, under a key that whoever shares this cache has and that
    /// is not in it.
    pub fn pseudonym(&self, of: &[u8]) -> String {
        match &self.engine {
            Engine::Memory(memory) => memory.pseudonym(of),
            Engine::Server(server) => server.pseudonym(of),
        }
    }
}
