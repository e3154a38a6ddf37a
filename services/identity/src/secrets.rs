//! Keys derived from this service's index key, each for one use. Nothing secret is stored for any of them.

use contract::vocabulary::Purpose;
use foundation::PersonId;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use personal_data::{
    BlindIndex, Error, category,
    keys::{DataKey, Keys},
};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::accounts::rules::Email;

/// What a derived key is for; a code made for one use says nothing for another.
#[derive(Clone, Copy)]
pub enum Use {
    /// Codes of mailed links.
    Link,
    /// Names of counters in the cache.
    Throttle,
    /// What an idempotency key remembers of a body with a password in it.
    Fingerprint,
}

impl Use {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Link => b"kolsai identity link v1",
            Self::Throttle => b"kolsai identity throttle v1",
            Self::Fingerprint => b"kolsai identity fingerprint v1",
        }
    }
}

/// The service's way to its keys. Clones share the leases.
#[derive(Clone)]
pub struct Secrets {
    keys: Keys,
}

impl Secrets {
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key of one person's account data.
    pub async fn account_key(&self, person: PersonId, purpose: Purpose) -> Result<DataKey<category::Account>, Error> {
        self.keys.of(person, purpose).await
    }

    /// How an address is found again.
    pub async fn email_index(&self, email: &Email) -> Result<BlindIndex, Error> {
        Ok(BlindIndex::of(self.keys.index_key().await?, "account", "email_index", email.as_str()))
    }

    /// HMAC-SHA-256 over the parts, each with its length, under the key of this use.
    pub async fn code(&self, usage: Use, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        code(self.keys.index_key().await?, usage, parts)
    }
}

fn code(index_key: &[u8], usage: Use, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
    let mut key = Zeroizing::new([0; 32]);
    let wrong = |what: &str| Error::Internal(format!("{what} refused its key"));
    Hkdf::<Sha256>::new(None, index_key).expand(usage.info(), key.as_mut()).map_err(|_| wrong("HKDF"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_ref()).map_err(|_| wrong("HMAC"))?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_bound_to_its_key_its_use_and_its_parts() {
        let of = |key: &[u8], usage, parts: &[&[u8]]| code(key, usage, parts).unwrap();
        let first = of(b"key", Use::Link, &[b"ab", b"c"]);
        assert_eq!(first, of(b"key", Use::Link, &[b"ab", b"c"]));
        assert_ne!(first, of(b"key", Use::Link, &[b"a", b"bc"]));
        assert_ne!(first, of(b"key", Use::Throttle, &[b"ab", b"c"]));
        assert_ne!(first, of(b"yek", Use::Link, &[b"ab", b"c"]));
    }
}
