//! Identity's public keys, fetched when a key is unknown and kept.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use contract::identity::v1::{ListSigningKeysRequest, signing_keys_client::SigningKeysClient};
use foundation::{Refusal, Transport};
use jsonwebtoken::DecodingKey;
use tokio::{sync::Mutex, time::Instant};

/// Anybody can send an unknown key id: it costs identity at most one call in this time.
const ONCE_IN: Duration = Duration::from_secs(1);

/// A key that identity has retired is accepted no longer than this.
const STALE_AFTER: Duration = Duration::from_secs(300);

pub(super) struct SigningKeys {
    identity: Transport,
    known: RwLock<HashMap<String, DecodingKey>>,
    fetched: Mutex<Option<Instant>>,
}

impl SigningKeys {
    pub(super) fn new(identity: Transport) -> Self {
        Self { identity, known: RwLock::default(), fetched: Mutex::new(None) }
    }

    /// The key under an id; `None` when identity does not know it either.
    pub(super) async fn find(&self, id: &str) -> Result<Option<DecodingKey>, Refusal> {
        // One fetch at a time: whoever waited finds what the first one brought.
        let mut fetched = self.fetched.lock().await;
        let age = fetched.map(|at| at.elapsed());
        let known = self.known(id);
        let (due, must) = match age {
            None => (true, true),
            Some(age) => (age >= STALE_AFTER || (known.is_none() && age >= ONCE_IN), known.is_none()),
        };
        if !due {
            return Ok(known);
        }
        match self.fetch().await {
            Ok(()) => *fetched = Some(Instant::now()),
            Err(refusal) if must => return Err(refusal),
            Err(refusal) => tracing::warn!(reason = refusal.reason, "signing keys could not be refreshed; the known ones hold"),
        }
        Ok(self.known(id))
    }

    fn known(&self, id: &str) -> Option<DecodingKey> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    async fn fetch(&self) -> Result<(), Refusal> {
        let answer =
            SigningKeysClient::new(self.identity.clone()).list_signing_keys(ListSigningKeysRequest {}).await.map_err(|status| {
                tracing::warn!(code = ?status.code(), "identity does not give its signing keys");
                Refusal::unavailable("SIGNING_KEYS_UNAVAILABLE", "tokens cannot be checked at the moment; try again")
            })?;
        let keys = answer.into_inner().keys.into_iter().map(|key| (key.key_id, DecodingKey::from_ed_der(&key.public_key))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }
}
