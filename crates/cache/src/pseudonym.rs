//! Names that tell nothing to whoever reads the cache.

use sha2::{Digest, Sha256};

/// 128 bits are enough to tell apart whatever lives for minutes.
const BYTES: usize = 16;

/// The key that everybody shares who knows the server's password. The password itself is in no value of the cache.
pub(crate) fn key_of(password: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"kolsai cache pseudonyms v1\0").chain_update(password.as_bytes()).finalize().into()
}

/// A hash under a key of fixed length, shortened, in hexadecimal.
pub(crate) fn of(key: &[u8; 32], what: &[u8]) -> String {
    let hash = Sha256::new().chain_update(key).chain_update(what).finalize();
    hash.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_of_its_key_and_its_thing() {
        let (a, b) = (key_of("a"), key_of("b"));
        assert_eq!(of(&a, b"1"), of(&key_of("a"), b"1"));
        assert_eq!(of(&a, b"1").len(), 32);
        assert_ne!(of(&a, b"1"), of(&b, b"1"));
        assert_ne!(of(&a, b"1"), of(&a, b"2"));
    }
}
