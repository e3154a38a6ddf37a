//! A vault in a folder: a draft beside the file, synced, then renamed over it.

use std::{
    io::ErrorKind,
    ops::Range,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use foundation::Timestamp;
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom},
};

use super::VaultFile;
use crate::Error;

/// What an unfinished file ends with. No valid name ends so and is listed.
const DRAFT: &str = ".draft";

pub(super) struct Writing {
    file: File,
    draft: PathBuf,
    path: PathBuf,
    finished: bool,
}

/// A folder that only its owner may look into.
pub(super) fn private(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Writing {
    pub(super) async fn begin(root: &Path, name: &str) -> Result<Self, Error> {
        let path = root.join(name);
        let folder = path.parent().unwrap_or(root);
        private(folder).map_err(Error::Folder)?;
        // Two writers of one name have a draft each.
        let draft = path.with_extension(format!("{}{DRAFT}", hex::encode(rand::random::<[u8; 6]>())));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).await.map_err(Error::Folder)?;
        Ok(Self { file, draft, path, finished: false })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).await.map_err(Error::Folder)
    }

    pub(super) async fn finish(mut self) -> Result<(), Error> {
        self.file.flush().await.map_err(Error::Folder)?;
        self.file.sync_all().await.map_err(Error::Folder)?;
        tokio::fs::rename(&self.draft, &self.path).await.map_err(Error::Folder)?;
        self.finished = true;
        // The name itself survives only when its folder is synced.
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder).await.map_err(Error::Folder)?.sync_all().await.map_err(Error::Folder)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.draft);
        }
    }
}

pub(super) async fn size(root: &Path, name: &str) -> Result<u64, Error> {
    match tokio::fs::metadata(root.join(name)).await {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
        Ok(_) => Err(Error::NoSuchObject),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::NoSuchObject),
        Err(error) => Err(Error::Folder(error)),
    }
}

pub(super) async fn read(root: &Path, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
    let mut file = File::open(root.join(name)).await.map_err(Error::Folder)?;
    file.seek(SeekFrom::Start(range.start)).await.map_err(Error::Folder)?;
    let mut piece = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(super::PIECE));
    file.take(range.end - range.start).read_to_end(&mut piece).await.map_err(Error::Folder)?;
    Ok(piece.into())
}

pub(super) async fn list(root: &Path, prefix: &str) -> Result<Vec<VaultFile>, Error> {
    let root = root.to_owned();
    let below = root.join(prefix);
    let all = walked(root, below).await?;
    Ok(all.into_iter().filter(|found| !found.draft).map(|found| found.file).collect())
}

/// Unfinished drafts that nobody has written to since.
pub(super) async fn sweep(root: &Path, older_than: Timestamp) -> Result<u64, Error> {
    let mut swept = 0;
    for found in walked(root.to_owned(), root.to_owned()).await? {
        let since = found.modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        if found.draft && Timestamp::from_micros(0).plus(since) < older_than {
            tokio::fs::remove_file(root.join(&found.file.name)).await.map_err(Error::Folder)?;
            swept += 1;
        }
    }
    Ok(swept)
}

struct Found {
    file: VaultFile,
    modified: std::time::SystemTime,
    draft: bool,
}

async fn walked(root: PathBuf, below: PathBuf) -> Result<Vec<Found>, Error> {
    tokio::task::spawn_blocking(move || walk(&root, &below)).await.map_err(|error| Error::Folder(std::io::Error::other(error)))?
}

fn walk(root: &Path, folder: &Path) -> Result<Vec<Found>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::Folder(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::Folder)?;
        let path = entry.path();
        let metadata = match entry.metadata() {
            // Renamed or deleted meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(Error::Folder)?,
        };
        if metadata.is_dir() {
            files.extend(walk(root, &path)?);
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            let file = VaultFile { name: name.to_owned(), size: metadata.len() };
            let modified = metadata.modified().map_err(Error::Folder)?;
            files.push(Found { draft: file.name.ends_with(DRAFT), file, modified });
        }
    }
    Ok(files)
}

pub(super) async fn delete(root: &Path, name: &str) -> Result<(), Error> {
    match tokio::fs::remove_file(root.join(name)).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Folder(error)),
        _ => Ok(()),
    }
}
