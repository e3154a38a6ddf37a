//! How often one address may be tried. Addresses without an account count alike: the counter tells nothing.
//!
//! While the cache is away each replica counts by itself: whoever guesses has as many tries more as there are replicas, and everybody
//! else can still sign in. A replica that cannot count either lets nobody try.

use std::time::Duration;

use cache::{Cache, CacheError};
use foundation::{Clock, Refusal};

use crate::{
    accounts::rules::Email,
    secrets::{Secrets, Use},
};

/// Addresses that a replica counts by itself, at most: a few megabytes.
const BY_ITSELF: usize = 20_000;

/// What somebody tries with an address.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    SignIn,
    Register,
    ForgetPassword,
}

impl Attempt {
    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Register => "register",
            Self::ForgetPassword => "forget-password",
        }
    }

    /// How many tries within which time. A mail goes out for each of the last two.
    fn limit(self) -> (u64, Duration) {
        match self {
            Self::SignIn => (10, Duration::from_secs(15 * 60)),
            Self::Register => (10, Duration::from_secs(3600)),
            Self::ForgetPassword => (5, Duration::from_secs(3600)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("too many tries with one address")]
    TooMany { retry_after: Duration },
    #[error("the cache does not answer")]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::TooMany { retry_after } => {
                Self::exhausted("TOO_MANY_ATTEMPTS", "this address was tried too often; wait and try again", retry_after)
            }
            // Without a counter nothing would hold a guesser back.
            Error::Cache(_) => Self::unavailable("THROTTLE_UNAVAILABLE", "tries cannot be counted at the moment; try again"),
            Error::Data(error) => error.into(),
        }
    }
}

/// Counts tries. Clones share the counters.
#[derive(Clone)]
pub struct Throttle {
    counters: Counters,
    secrets: Secrets,
}

impl Throttle {
    pub fn new(cache: Cache, clock: Clock, secrets: Secrets) -> Self {
        Self { counters: Counters::new(cache, clock, BY_ITSELF), secrets }
    }

    /// Counts one try, and refuses it when there were too many.
    pub async fn count(&self, attempt: Attempt, email: &Email) -> Result<(), Error> {
        let (most, window) = attempt.limit();
        let tries = self.counters.count(&self.counter(attempt, email).await?, window).await?;
        if tries > most { Err(Error::TooMany { retry_after: window }) } else { Ok(()) }
    }

    /// Forgets the tries of somebody who got in.
    pub async fn forget(&self, attempt: Attempt, email: &Email) -> Result<(), Error> {
        Ok(self.counters.forget(&self.counter(attempt, email).await?).await?)
    }

    /// The cache may be shared and is not ours alone: it never sees an address.
    async fn counter(&self, attempt: Attempt, email: &Email) -> Result<String, Error> {
        let code = self.secrets.code(Use::Throttle, &[attempt.name().as_bytes(), email.as_str().as_bytes()]).await?;
        Ok(format!("identity:{}:{}", attempt.name(), hex::encode(&code[..16])))
    }
}

/// The counters that replicas share, and those of this one for when the cache is away.
#[derive(Clone)]
struct Counters {
    shared: Cache,
    own: Cache,
}

impl Counters {
    fn new(shared: Cache, clock: Clock, most: usize) -> Self {
        Self { shared, own: Cache::in_memory(clock, most) }
    }

    async fn count(&self, counter: &str, window: Duration) -> Result<u64, CacheError> {
        match self.shared.incr(counter, window).await {
            Err(CacheError::Away | CacheError::OutOfMemory) => self.own.incr(counter, window).await,
            counted => counted,
        }
    }

    async fn forget(&self, counter: &str) -> Result<(), CacheError> {
        self.own.delete(counter).await?;
        match self.shared.delete(counter).await {
            Err(CacheError::Away) => Ok(()),
            forgotten => forgotten,
        }
    }
}

#[cfg(test)]
mod tests {
    use cache::Config;
    use foundation::Mode;

    use super::*;
    use crate::own_redis::Redis;

    const WINDOW: Duration = Duration::from_secs(900);

    /// Neither open nor closed: each replica goes on by itself, and forgets it when the cache is back.
    #[tokio::test(flavor = "multi_thread")]
    async fn while_the_cache_is_away_a_replica_counts_by_itself() {
        let Some(mut redis) = Redis::start() else { return };
        let clock = Clock::system(Mode::Development);
        let address = redis.address();
        let config = Config { address: &address, authority: None, prefix: "test", mode: Mode::Development };
        let cache = Cache::open(config, clock.clone()).await.unwrap();
        let (one, other) = (Counters::new(cache.clone(), clock.clone(), 2), Counters::new(cache.clone(), clock, 2));
        assert_eq!((one.count("a", WINDOW).await, other.count("a", WINDOW).await), (Ok(1), Ok(2)));

        redis.kill();
        assert_eq!((one.count("a", WINDOW).await, one.count("a", WINDOW).await), (Ok(1), Ok(2)));
        assert_eq!(other.count("a", WINDOW).await, Ok(1));
        one.forget("a").await.unwrap();
        assert_eq!(one.count("a", WINDOW).await, Ok(1));
        // Closed where it cannot count either.
        assert_eq!(one.count("b", WINDOW).await, Ok(1));
        assert_eq!(one.count("c", WINDOW).await, Err(CacheError::Full { capacity: 2 }));
        assert_eq!(Refusal::from(Error::Cache(CacheError::Full { capacity: 2 })).code, tonic::Code::Unavailable);

        redis.begin();
        while cache.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!((one.count("c", WINDOW).await, other.count("c", WINDOW).await), (Ok(1), Ok(2)));
    }
}
