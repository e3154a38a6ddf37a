//! Whole files by name in a store that is not the school's own: backups, and the ledger of erasures.
//!
//! A file is there whole or not at all: what is not finished is never listed and never read.

pub(crate) mod bucket;
mod folder;

use std::path::PathBuf;

use aws_sdk_s3::Client;
use bytes::Bytes;
use foundation::{Mode, Timestamp};

use crate::{Error, ObjectsAddress, client::client};

/// Bytes that are read or sent at a time.
pub(crate) const PIECE: usize = 8 * 1024 * 1024;

/// A folder, or a bucket of any S3. Clones share it.
#[derive(Clone)]
pub struct Vault(Place);

#[derive(Clone)]
enum Place {
    Folder(PathBuf),
    Bucket { client: Client, bucket: String },
}

/// A file of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultFile {
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A file being written. Dropped without [`VaultWriter::finish`] it leaves nothing that a reader would find.
pub struct VaultWriter(Writing);

enum Writing {
    Folder(folder::Writing),
    Bucket(bucket::Writing),
}

/// A file being read, piece by piece.
pub struct VaultReader {
    vault: Vault,
    name: String,
    at: u64,
    size: u64,
}

impl Vault {
    /// A folder is made when it is not there; an S3 is first reached when used. Production has no folder and no plaintext.
    pub fn open(address: &ObjectsAddress, mode: Mode) -> Result<Self, Error> {
        match address {
            ObjectsAddress::Folder(_) if mode == Mode::Production => Err(Error::FolderInProduction),
            ObjectsAddress::Folder(folder) => {
                folder::private(folder).map_err(Error::Folder)?;
                Ok(Self(Place::Folder(folder.clone())))
            }
            ObjectsAddress::S3(s3) if !s3.is_tls() && (mode == Mode::Production || !s3.is_loopback()) => Err(Error::Plaintext),
            ObjectsAddress::S3(s3) => Ok(Self(Place::Bucket { client: client(s3, &s3.endpoint)?, bucket: s3.bucket.clone() })),
        }
    }

    /// That the store forgets what is deleted: a bucket that keeps versions would keep what was pruned.
    pub async fn forgets(&self) -> Result<(), Error> {
        match &self.0 {
            Place::Folder(_) => Ok(()),
            Place::Bucket { client, bucket } => bucket::forgets(client, bucket).await,
        }
    }

    /// Begins a file; over what was there when it is finished.
    pub async fn writer(&self, name: &str) -> Result<VaultWriter, Error> {
        valid(name)?;
        Ok(VaultWriter(match &self.0 {
            Place::Folder(root) => Writing::Folder(folder::Writing::begin(root, name).await?),
            Place::Bucket { client, bucket } => Writing::Bucket(bucket::Writing::new(client.clone(), bucket.clone(), name.to_owned())),
        }))
    }

    /// Writes a small file whole; when this returns it survives a power failure.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        let mut writer = self.writer(name).await?;
        writer.write(bytes).await?;
        writer.finish().await
    }

    /// A small file whole; none when there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, Error> {
        let mut reader = match self.reader(name).await {
            Err(Error::NoSuchObject) => return Ok(None),
            other => other?,
        };
        let mut whole = Vec::new();
        while let Some(piece) = reader.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(Some(whole.into()))
    }

    /// Begins to read; [`Error::NoSuchObject`] when there is no such file.
    pub async fn reader(&self, name: &str) -> Result<VaultReader, Error> {
        valid(name)?;
        let size = match &self.0 {
            Place::Folder(root) => folder::size(root, name).await?,
            Place::Bucket { client, bucket } => bucket::size(client, bucket, name).await?,
        };
        Ok(VaultReader { vault: self.clone(), name: name.to_owned(), at: 0, size })
    }

    /// Every file whose name begins with `prefix`, in order. `prefix` is empty or ends with a slash.
    pub async fn list(&self, prefix: &str) -> Result<Vec<VaultFile>, Error> {
        let mut files = match &self.0 {
            Place::Folder(root) => folder::list(root, prefix).await?,
            Place::Bucket { client, bucket } => bucket::list(client, bucket, prefix).await?,
        };
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// Deletes a file; that there is none is as good.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        valid(name)?;
        match &self.0 {
            Place::Folder(root) => folder::delete(root, name).await,
            Place::Bucket { client, bucket } => bucket::delete(client, bucket, name).await,
        }
    }

    /// Removes what was begun before `older_than` and never finished, by a process that was killed. Says how many files.
    pub async fn sweep(&self, older_than: Timestamp) -> Result<u64, Error> {
        match &self.0 {
            Place::Folder(root) => folder::sweep(root, older_than).await,
            Place::Bucket { client, bucket } => bucket::sweep(client, bucket, older_than).await,
        }
    }
}

impl VaultWriter {
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        match &mut self.0 {
            Writing::Folder(writing) => writing.write(&bytes).await,
            Writing::Bucket(writing) => writing.write(bytes).await,
        }
    }

    /// Makes the file readable under its name, durably.
    pub async fn finish(self) -> Result<(), Error> {
        match self.0 {
            Writing::Folder(writing) => writing.finish().await,
            Writing::Bucket(writing) => writing.finish().await,
        }
    }

    /// Gives up what was written so far.
    pub async fn abort(self) {
        match self.0 {
            Writing::Folder(writing) => drop(writing),
            Writing::Bucket(writing) => writing.abort().await,
        }
    }
}

impl VaultReader {
    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next piece; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.at >= self.size {
            return Ok(None);
        }
        let range = self.at..self.size.min(self.at + PIECE as u64);
        let piece = match &self.vault.0 {
            Place::Folder(root) => folder::read(root, &self.name, range.clone()).await?,
            Place::Bucket { client, bucket } => bucket::read(client, bucket, &self.name, range.clone()).await?,
        };
        if piece.len() as u64 != range.end - range.start {
            return Err(Error::Range);
        }
        self.at = range.end;
        Ok(Some(piece))
    }
}

/// Names are lowercase words of a path: nothing climbs out of a folder.
fn valid(name: &str) -> Result<(), Error> {
    let word = |word: &str| {
        let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'));
        !word.is_empty() && !word.starts_with('.') && plain
    };
    if name.split('/').all(word) { Ok(()) } else { Err(Error::VaultName) }
}
