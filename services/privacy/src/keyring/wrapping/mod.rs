//! What wraps the keys of people: a file in development, Vault's transit engine, or a key-management service as AWS speaks it.
//! The data is never touched when it changes: only the wrapped keys are wrapped anew.

mod address;
mod aws_kms;
mod bound;
mod file;
mod register;
mod vault;

use std::sync::Arc;

use foundation::{Clock, uuid::Uuid};
use personal_data::Error;
use service::Settings;
use zeroize::Zeroizing;

use crate::Config;
pub use address::KeyAddressError;
use address::{Address, Ways};

/// A person's key, or that of a service's blind indexes.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// A wrapped key, and the name of what wraps it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wrapped {
    pub bytes: Vec<u8>,
    pub by: String,
}

/// A key-encryption key, wherever it is. What it answers is bound to whose key it is: another's does not open.
#[async_trait::async_trait]
pub(crate) trait Wrapping: Send + Sync {
    /// The name of what wraps now; another one after it was rotated.
    async fn current(&self) -> Result<String, Error>;

    /// Whether what stands under this name may be opened here.
    fn opens(&self, by: &str) -> bool;

    async fn wrap(&self, keys: &[(Uuid, Key)]) -> Result<Vec<Wrapped>, Error>;

    /// One answer per key, in their order. The outer error is that nobody answered.
    async fn unwrap(&self, wrapped: &[(Uuid, Vec<u8>)]) -> Result<Vec<Result<Key, Error>>, Error>;
}

/// The key-encryption key of now, and those that still open what they wrapped before. Clones share them.
#[derive(Clone)]
pub struct KeyEncryption {
    now: Arc<dyn Wrapping>,
    former: Vec<Arc<dyn Wrapping>>,
}

impl KeyEncryption {
    /// As the settings name them. A file is made in development when it is missing.
    pub fn open(config: &Config, settings: &Settings, clock: &Clock) -> Result<Self, KeyAddressError> {
        let ways = Ways::of(config, settings, clock);
        let now = match (&config.key_encryption_key, &config.key_encryption_key_file) {
            (Some(address), _) => Address::parse(address)?,
            (None, Some(file)) => Address::File(file.clone()),
            (None, None) => Address::File(settings.data.join("keyring").join("key-encryption.key")),
        };
        let former = config.former_key_encryption_keys.iter().map(|address| ways.open(&Address::parse(address)?));
        Ok(Self { now: ways.open(&now)?, former: former.collect::<Result<_, _>>()? })
    }

    #[cfg(test)]
    pub(crate) fn of(now: Arc<dyn Wrapping>, former: Vec<Arc<dyn Wrapping>>) -> Self {
        Self { now, former }
    }

    pub(crate) async fn current(&self) -> Result<String, Error> {
        self.now.current().await
    }

    pub(crate) async fn wrap_one(&self, whose: Uuid, key: &Key) -> Result<Wrapped, Error> {
        self.wrap(&[(whose, key.clone())]).await?.pop().ok_or(Error::KeyringAway)
    }

    pub(crate) async fn wrap(&self, keys: &[(Uuid, Key)]) -> Result<Vec<Wrapped>, Error> {
        self.now.wrap(keys).await
    }

    pub(crate) async fn unwrap_one(&self, whose: Uuid, wrapped: Wrapped) -> Result<Key, Error> {
        self.unwrap(vec![(whose, wrapped)]).await?.pop().unwrap_or(Err(Error::KeyringAway))
    }

    /// One answer per key, in their order, with one call to each key-encryption key that is needed.
    pub(crate) async fn unwrap(&self, wrapped: Vec<(Uuid, Wrapped)>) -> Result<Vec<Result<Key, Error>>, Error> {
        let mut answers: Vec<Option<Result<Key, Error>>> = wrapped.iter().map(|_| None).collect();
        for wrapping in std::iter::once(&self.now).chain(&self.former) {
            let open = |at: &usize| !matches!(answers[*at], Some(Ok(_))) && wrapping.opens(&wrapped[*at].1.by);
            let places: Vec<usize> = (0..wrapped.len()).filter(open).collect();
            if places.is_empty() {
                continue;
            }
            let asked: Vec<_> = places.iter().map(|at| (wrapped[*at].0, wrapped[*at].1.bytes.clone())).collect();
            for (at, answer) in places.into_iter().zip(wrapping.unwrap(&asked).await?) {
                answers[at] = Some(answer);
            }
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(does_not_open()))).collect())
    }
}

impl std::fmt::Debug for KeyEncryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<key encryption>")
    }
}

fn does_not_open() -> Error {
    Error::DoesNotOpen { table: "person_key".into(), column: "wrapped".into() }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
