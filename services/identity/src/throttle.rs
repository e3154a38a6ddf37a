//! How often one address may be tried. Addresses without an account count alike: the counter tells nothing.

use std::time::Duration;

use cache::Cache;
use foundation::Refusal;

use crate::{
    accounts::rules::Email,
    secrets::{Secrets, Use},
};

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
    Cache(#[from] cache::CacheError),
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
    cache: Cache,
    secrets: Secrets,
}

impl Throttle {
    pub fn new(cache: Cache, secrets: Secrets) -> Self {
        Self { cache, secrets }
    }

    /// Counts one try, and refuses it when there were too many.
    pub async fn count(&self, attempt: Attempt, email: &Email) -> Result<(), Error> {
        let (most, window) = attempt.limit();
        let tries = self.cache.incr(&self.counter(attempt, email).await?, window).await?;
        if tries > most { Err(Error::TooMany { retry_after: window }) } else { Ok(()) }
    }

    /// Forgets the tries of somebody who got in.
    pub async fn forget(&self, attempt: Attempt, email: &Email) -> Result<(), Error> {
        Ok(self.cache.delete(&self.counter(attempt, email).await?).await?)
    }

    /// The cache may be shared and is not ours alone: it never sees an address.
    async fn counter(&self, attempt: Attempt, email: &Email) -> Result<String, Error> {
        let code = self.secrets.code(Use::Throttle, &[attempt.name().as_bytes(), email.as_str().as_bytes()]).await?;
        Ok(format!("identity:{}:{}", attempt.name(), hex::encode(&code[..16])))
    }
}
