//! A folder for the copy of one SQLite database at a time, for its owner alone.

use std::{os::unix::fs::DirBuilderExt, path::Path};

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = "staging-";

pub(crate) fn folder(data: &Path) -> Result<TempDir, Error> {
    let folder = data.join("backup");
    let failed = |source| Error::File { path: folder.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(&folder).map_err(failed)
}

/// Removes what a killed process left. Call it when the school starts, before anything can be under way.
pub fn sweep_staging(data: &Path) {
    for entry in std::fs::read_dir(data.join("backup")).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, "a copy of a database that an interrupted backup left cannot be removed");
        }
    }
}
