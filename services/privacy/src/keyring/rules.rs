//! Derivations, without IO.

use contract::{Category, Purpose};
use foundation::{Timestamp, uuid::Uuid};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Of the derivation; a new one makes new data keys beside the old.
pub const KEY_VERSION: u32 = 1;

/// HKDF-SHA-256 (RFC 5869) of the person's key over service ‖ category ‖ version.
pub fn data_key(person_key: &[u8; 32], service: &str, category: Category) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = format!("kolsai data key|{service}|{}|{KEY_VERSION}", category.as_str_name());
    // Fails only for outputs above 8,160 bytes.
    let _ = Hkdf::<Sha256>::new(None, person_key).expand(info.as_bytes(), key.as_mut());
    key
}

/// The hour in which a time falls.
pub fn hour(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(3_600_000_000))
}

pub fn grant_id(handle: Uuid, category: Category, purpose: Purpose, hour: Timestamp) -> Uuid {
    identifier(&[handle.as_bytes(), &(category as i32).to_be_bytes(), &(purpose as i32).to_be_bytes(), &hour.micros().to_be_bytes()])
}

pub fn index_key_id(service: &str) -> Uuid {
    identifier(&[b"index key", service.as_bytes()])
}

fn identifier(parts: &[&[u8]]) -> Uuid {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    Uuid::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_is_of_one_service_and_category() {
        let person = [7; 32];
        let key = data_key(&person, "identity", Category::Account);
        assert_eq!(key, data_key(&person, "identity", Category::Account));
        assert_ne!(key, data_key(&person, "identity", Category::Credentials));
        assert_ne!(key, data_key(&person, "learning", Category::Account));
        assert_ne!(key, data_key(&[8; 32], "identity", Category::Account));
        assert_ne!(*key, person);
    }
}
