//! The engines that the behaviour suite runs on.

use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
};

use foundation::{Clock, Mode};
use kolsai_cache::{Cache, Config};

/// A cache and its clock.
pub struct Engine {
    pub cache: Cache,
    pub clock: Clock,
}

impl Engine {
    pub fn memory() -> Self {
        let clock = Clock::system(Mode::Development);
        Self { cache: Cache::in_memory(clock.clone(), 10_000), clock }
    }

    /// The server of the test run, over plain loopback.
    pub async fn redis() -> Option<Self> {
        Self::at("KOLSAI_TEST_REDIS", None).await
    }

    /// The same over TLS.
    pub async fn redis_tls() -> Option<Self> {
        Self::at("KOLSAI_TEST_REDIS_TLS", Some("KOLSAI_TEST_REDIS_AUTHORITY")).await
    }

    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment where their server is")]
    async fn at(address: &str, authority: Option<&str>) -> Option<Self> {
        static SAID: Once = Once::new();
        let Ok(found) = std::env::var(address) else {
            SAID.call_once(|| drop(writeln!(std::io::stderr(), "{address} is not set: the cache is tested in memory alone")));
            return None;
        };
        let authority = authority.map(|name| PathBuf::from(std::env::var(name).unwrap()));
        let clock = Clock::system(Mode::Development);
        let prefix = prefix();
        let config = Config { address: &found, authority: authority.as_deref(), prefix: &prefix, mode: Mode::Development };
        Some(Self { cache: Cache::open(config, clock.clone()).await.unwrap(), clock })
    }
}

/// What nobody else's keys begin with.
pub fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test-{}-{}-{}", std::process::id(), Clock::system(Mode::Development).now().micros(), NEXT.fetch_add(1, Ordering::Relaxed))
}
