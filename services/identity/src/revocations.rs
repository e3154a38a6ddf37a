//! What ends access tokens before their time: notes in the cache that every verifier reads.

use std::time::Duration;

use cache::{Cache, CacheError};
use foundation::{PersonId, Refusal, Timestamp};
use service::token::{person_revocation_key, revocation_key};

use crate::sessions::rows::SessionId;

/// Longer than any access token lives.
const TTL: Duration = Duration::from_secs(15 * 60);

/// A revocation could not be noted: whatever needed it must not go on.
#[derive(Debug, thiserror::Error)]
#[error("a revocation could not be noted")]
pub struct Error(#[from] CacheError);

impl From<Error> for Refusal {
    fn from(_: Error) -> Self {
        Self::unavailable("REVOCATION_UNAVAILABLE", "sessions cannot be ended at the moment; try again")
    }
}

/// Clones share the cache.
#[derive(Clone)]
pub struct Revocations {
    cache: Cache,
}

impl Revocations {
    pub fn new(cache: Cache) -> Self {
        Self { cache }
    }

    /// Ends the access tokens of a session.
    pub async fn end_session(&self, session: SessionId) -> Result<(), Error> {
        Ok(self.cache.set(&revocation_key(session.0), b"ended".to_vec(), TTL).await?)
    }

    pub async fn end_sessions(&self, sessions: &[SessionId]) -> Result<(), Error> {
        for session in sessions {
            self.end_session(*session).await?;
        }
        Ok(())
    }

    /// Ends every access token of a person, whatever its session.
    pub async fn end_person(&self, person: PersonId, at: Timestamp) -> Result<(), Error> {
        Ok(self.cache.set(&person_revocation_key(person), at.seconds().to_string().into_bytes(), TTL).await?)
    }
}
