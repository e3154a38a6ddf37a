//! How a key is bound to its person without telling an outside service whose it is: what is wrapped is the key and a tag over
//! both, which says nothing to who does not have the key.

use foundation::uuid::Uuid;
use personal_data::Error;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Key, does_not_open};

const TAG: usize = 16;

/// key (32) ‖ tag (16).
pub(super) fn bind(whose: Uuid, key: &Key) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(32 + TAG));
    bytes.extend_from_slice(key.as_slice());
    bytes.extend_from_slice(&tag(whose, key.as_slice()));
    bytes
}

/// The key, if it is this person's.
pub(super) fn open(whose: Uuid, bytes: &[u8]) -> Result<Key, Error> {
    let (key, said) = bytes.split_at_checked(32).ok_or_else(does_not_open)?;
    if said != tag(whose, key) {
        return Err(does_not_open());
    }
    Ok(Zeroizing::new(key.try_into().map_err(|_| does_not_open())?))
}

fn tag(whose: Uuid, key: &[u8]) -> [u8; TAG] {
    let digest = Sha256::new().chain_update(b"kolsai whose key").chain_update(whose.as_bytes()).chain_update(key).finalize();
    let mut tag = [0; TAG];
    tag.copy_from_slice(&digest[..TAG]);
    tag
}
