//! The store as a backup sees it: every object that is kept, read while the school goes on.

use std::path::PathBuf;

use bytes::Bytes;
use foundation::Mode;

use crate::{Config, Error, ObjectKey, Objects, ObjectsAddress, Prefix, folder::BUCKET};

/// What is kept. `incoming/` is not: it holds, for a day, what nobody has looked at or sealed yet.
const KEPT: [Prefix; 2] = [Prefix::Originals, Prefix::Renditions];

/// Reads what is kept. A folder is read as files: its server may run in another process, and objects never change.
pub enum Inventory {
    Folder(PathBuf),
    Store(Objects),
}

impl Inventory {
    pub fn open(address: ObjectsAddress, mode: Mode) -> Result<Self, Error> {
        match address {
            ObjectsAddress::Folder(folder) => Ok(Self::Folder(folder.join(BUCKET))),
            address => Ok(Self::Store(Objects::open(Config { address, public_base: None, mode })?)),
        }
    }

    /// The keys of everything that is kept, in order.
    pub async fn keys(&self) -> Result<Vec<ObjectKey>, Error> {
        let mut keys = Vec::new();
        for prefix in KEPT {
            match self {
                Self::Store(objects) => keys.extend(objects.list(prefix).await?),
                Self::Folder(folder) => keys.extend(listed(folder, prefix)?),
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// The object as it is stored, which is sealed; none when it was deleted meanwhile.
    pub async fn read(&self, key: &ObjectKey) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Store(objects) => match objects.get(key).await {
                Err(Error::NoSuchObject) => Ok(None),
                other => other.map(Some),
            },
            Self::Folder(folder) => match tokio::fs::read(folder.join(key.as_str())).await {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                other => other.map(|bytes| Some(bytes.into())).map_err(Error::Folder),
            },
        }
    }
}

fn listed(folder: &std::path::Path, prefix: Prefix) -> Result<Vec<ObjectKey>, Error> {
    let entries = match std::fs::read_dir(folder.join(prefix.as_str())) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::Folder)?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::Folder)?.file_name();
        // Drafts of objects on their way have other names.
        keys.extend(name.to_str().and_then(|name| format!("{}/{name}", prefix.as_str()).parse().ok()));
    }
    Ok(keys)
}
