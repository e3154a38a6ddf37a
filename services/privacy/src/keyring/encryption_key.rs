//! The key that wraps every other key: a file in development.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use foundation::{Mode, uuid::Uuid};
use personal_data::Error;
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// Why the key-encryption key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key-encryption key {0} is missing; production does not make one")]
    Missing(PathBuf),
    #[error("the key-encryption key {0} is not 32 bytes")]
    Malformed(PathBuf),
    #[error("the key-encryption key {path} cannot be read or written")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Wraps and unwraps 32-byte keys. Clones share it; `Debug` shows nothing.
#[derive(Clone)]
pub struct KeyEncryptionKey(Arc<Zeroizing<[u8; 32]>>);

impl KeyEncryptionKey {
    /// Reads the file; in development makes it when it is missing, readable by its owner only.
    pub fn from_file(path: &Path, mode: Mode) -> Result<Self, KeyFileError> {
        secret_file(path, mode).map(|key| Self(Arc::new(key)))
    }

    /// nonce (24) ‖ ciphertext and tag, bound to whose key it is.
    pub(crate) fn wrap(&self, whose: Uuid, key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: key, aad: whose.as_bytes() };
        let body = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::KeyringAway)?;
        Ok([nonce.as_slice(), &body].concat())
    }

    pub(crate) fn unwrap(&self, whose: Uuid, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        let wrong = || Error::DoesNotOpen { table: "keyring".into(), column: "wrapped".into() };
        let (nonce, body) = wrapped.split_at_checked(NONCE).ok_or_else(wrong)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| wrong())?;
        let payload = Payload { msg: body, aad: whose.as_bytes() };
        let plain = Zeroizing::new(self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| wrong())?);
        Ok(Zeroizing::new(plain.as_slice().try_into().map_err(|_| wrong())?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&**self.0).into())
    }
}

impl std::fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<key-encryption key>")
    }
}

/// 32 secret bytes out of a file; in development made when missing, readable by its owner only.
pub(crate) fn secret_file(path: &Path, mode: Mode) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| KeyFileError::Malformed(path.to_owned()))?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && mode == Mode::Development => {
            let key = Zeroizing::new(rand::random::<[u8; 32]>());
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(io)?;
            }
            write_private(path, key.as_slice()).map_err(io)?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(KeyFileError::Missing(path.to_owned())),
        Err(error) => Err(io(error)),
    }
}

/// Writes a secret that only its owner may read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let draft = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}
