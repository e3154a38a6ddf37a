//! A folder of mails: one file each, named by its id.

use std::{
    io::{ErrorKind, Result},
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt,
};
use uuid::Uuid;

/// Mails as files, readable by this user alone.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes the folder when it is not there.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned() })
    }

    fn file(&self, id: Uuid) -> PathBuf {
        self.root.join(format!("{id}.eml"))
    }

    /// Where a mail is written before it is whole. One name per mail, so that erasure finds what a crash left.
    fn unfinished(&self, id: Uuid) -> PathBuf {
        self.root.join(format!(".{id}.eml.part"))
    }

    /// Writes the mail whole or not at all, over an earlier one of the same id.
    pub(crate) async fn write(&self, id: Uuid, mail: &[u8]) -> Result<()> {
        let unfinished = self.unfinished(id);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&unfinished).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        match fs::rename(&unfinished, self.file(id)).await {
            // The same mail was sent twice at once, and the other one has just finished it.
            Err(error) if error.kind() == ErrorKind::NotFound && fs::try_exists(self.file(id)).await? => Ok(()),
            done => done,
        }
    }

    pub(crate) async fn read(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        match fs::read(self.file(id)).await {
            Ok(mail) => Ok(Some(mail)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes what there is of these mails; says how many were there.
    pub(crate) async fn forget(&self, ids: &[Uuid]) -> Result<u64> {
        let mut forgotten = 0;
        for id in ids {
            let unfinished = removed(&self.unfinished(*id)).await?;
            let finished = removed(&self.file(*id)).await?;
            forgotten += u64::from(unfinished || finished);
        }
        Ok(forgotten)
    }
}

async fn removed(file: &Path) -> Result<bool> {
    match fs::remove_file(file).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
