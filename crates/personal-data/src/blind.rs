//! A keyed hash by which a value can be looked up exactly, and nothing else.

use hmac::{Hmac, KeyInit, Mac};
use sea_orm::DeriveValueType;
use sha2::Sha256;

/// HMAC-SHA-256 of the normalised value under the service's index key, bound to table and column.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct BlindIndex(Vec<u8>);

impl BlindIndex {
    /// `value` is normalised by the caller (an e-mail in lower case, a phone in E.164).
    pub fn of(index_key: &[u8], table: &str, column: &str, value: &str) -> Self {
        // HMAC takes keys of any length (RFC 2104).
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(index_key) else { return Self(Vec::new()) };
        for part in [table, column, value] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Self(mac.finalize().into_bytes().to_vec())
    }
}

impl std::fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<blind index>")
    }
}
