//! Secrets in files: the key-encryption key in development, the seed of receipts.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use foundation::Mode;
use zeroize::Zeroizing;

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
