//! A key-encryption key in a file.

use std::path::Path;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use foundation::{Mode, uuid::Uuid};
use personal_data::Error;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Key, Wrapped, Wrapping, does_not_open};
use crate::keyring::{KeyFileError, secret_file};

const NONCE: usize = 24;
/// Under no name stands what was wrapped before wrapped keys had one: it was by a file.
const UNNAMED: &str = "";

pub(super) struct File {
    key: Zeroizing<[u8; 32]>,
    name: String,
}

impl File {
    /// Reads the file; in development makes it when it is missing, readable by its owner only.
    pub fn open(path: &Path, mode: Mode) -> Result<Self, KeyFileError> {
        Ok(Self::of(secret_file(path, mode)?))
    }

    pub fn of(key: Zeroizing<[u8; 32]>) -> Self {
        let digest = Sha256::new().chain_update(b"kolsai key-encryption key").chain_update(key.as_slice()).finalize();
        Self { name: format!("file:{}", hex::encode(&digest[..8])), key }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }

    /// nonce (24) ‖ ciphertext and tag, bound to whose key it is.
    fn seal(&self, whose: Uuid, key: &Key) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: key.as_slice(), aad: whose.as_bytes() };
        let body = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::KeyringAway)?;
        Ok([nonce.as_slice(), &body].concat())
    }

    fn opened(&self, whose: Uuid, wrapped: &[u8]) -> Result<Key, Error> {
        let (nonce, body) = wrapped.split_at_checked(NONCE).ok_or_else(does_not_open)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| does_not_open())?;
        let payload = Payload { msg: body, aad: whose.as_bytes() };
        let plain = Zeroizing::new(self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| does_not_open())?);
        Ok(Zeroizing::new(plain.as_slice().try_into().map_err(|_| does_not_open())?))
    }
}

#[async_trait::async_trait]
impl Wrapping for File {
    async fn current(&self) -> Result<String, Error> {
        Ok(self.name.clone())
    }

    fn opens(&self, by: &str) -> bool {
        by == self.name || by == UNNAMED
    }

    async fn wrap(&self, keys: &[(Uuid, Key)]) -> Result<Vec<Wrapped>, Error> {
        keys.iter().map(|(whose, key)| Ok(Wrapped { bytes: self.seal(*whose, key)?, by: self.name.clone() })).collect()
    }

    async fn unwrap(&self, wrapped: &[(Uuid, Vec<u8>)]) -> Result<Vec<Result<Key, Error>>, Error> {
        Ok(wrapped.iter().map(|(whose, bytes)| self.opened(*whose, bytes)).collect())
    }
}
