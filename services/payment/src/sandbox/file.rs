//! The sandbox's payments in a file, so that a restart loses none: for its owner's eyes alone, and whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Result, Write},
    path::PathBuf,
};

use super::{SandboxError, store::Payments};

pub(super) struct File(pub PathBuf);

impl File {
    /// The payments of the last run. Writes them again, so that a folder that cannot be written is found at the start.
    pub(super) fn open(&self) -> std::result::Result<Payments, SandboxError> {
        let open = || {
            let payments = match fs::read(&self.0) {
                Ok(bytes) => Payments::of(serde_json::from_slice(&bytes)?),
                Err(error) if error.kind() == ErrorKind::NotFound => Payments::default(),
                Err(error) => return Err(error),
            };
            self.write(&payments)?;
            Ok(payments)
        };
        open().map_err(|error| SandboxError::File(self.0.clone(), error))
    }

    /// Called with the payments locked, so that an older state never replaces a newer one.
    pub(super) fn write(&self, payments: &Payments) -> Result<()> {
        let part = self.0.with_extension("json.part");
        // What a crash left may have been made by somebody else, with other rights.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&part)?;
        file.write_all(&serde_json::to_vec(&payments.all())?)?;
        file.sync_all()?;
        fs::rename(&part, &self.0)
    }
}
