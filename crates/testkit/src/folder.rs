//! What outlives a school: its data folder and its databases.

use std::path::Path;

use tempfile::TempDir;

use crate::Stack;

/// Where one school keeps everything. A school that is started in it again finds what the last one left.
pub struct Folder {
    pub(crate) data: TempDir,
    pub(crate) stack: Stack,
    /// Addresses by service; none where the engine makes its own below the folder.
    pub(crate) databases: Option<Vec<(&'static str, String)>>,
}

impl Folder {
    /// Empty, for the stack that the environment names.
    pub fn fresh() -> Self {
        let data = tempfile::tempdir().expect("a folder for the school");
        Self { data, stack: Stack::of_environment(), databases: None }
    }

    pub fn path(&self) -> &Path {
        self.data.path()
    }
}
