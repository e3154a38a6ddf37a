//! The note that a restore leaves in the data folder: a school never starts on half of one, and what was waived stays visible.

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use foundation::{Timestamp, uuid::Uuid};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The last restore into this data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub backup: Uuid,
    pub keyring_backup: Uuid,
    /// When the backup of the databases began: what came later is lost.
    pub taken_at: Timestamp,
    pub restored_at: Timestamp,
    /// False while it is under way, and for ever when it was interrupted.
    pub whole: bool,
    /// The ledger of erasures was replayed since.
    pub replayed: bool,
    /// Why it was done without the ledger of erasures.
    pub without_ledger: Option<String>,
}

fn path(data: &Path) -> PathBuf {
    data.join("restore.json")
}

pub(crate) fn write(data: &Path, record: &Record) -> Result<(), Error> {
    let path = path(data);
    let failed = |source| Error::File { path: path.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let draft = path.with_extension("new");
    let bytes = serde_json::to_vec_pretty(record).map_err(|error| failed(error.into()))?;
    std::fs::write(&draft, bytes).map_err(failed)?;
    std::fs::File::open(&draft).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&draft, &path).map_err(failed)
}

/// The last restore into this folder; [`Error::RestoreInterrupted`] when it did not come to its end.
pub fn last_restore(data: &Path) -> Result<Option<Record>, Error> {
    let path = path(data);
    let failed = |source| Error::File { path: path.clone(), source };
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
    if record.whole { Ok(Some(record)) } else { Err(Error::RestoreInterrupted) }
}

/// Notes that the ledger was replayed on what was restored; nothing where nothing was.
pub fn note_replayed(data: &Path) -> Result<(), Error> {
    match last_restore(data)? {
        Some(record) if !record.replayed => write(data, &Record { replayed: true, ..record }),
        _ => Ok(()),
    }
}
