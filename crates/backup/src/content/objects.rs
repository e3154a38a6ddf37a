//! Objects: a tar of what the store keeps, sealed as it is there, by key.

use std::io::{Read, Write};

use foundation::Mode;
use objects::{Config, Inventory, ObjectKey, Objects, ObjectsAddress, Prefix};
use tokio::runtime::Handle;

use crate::{ConfigError, Error};

fn parsed(address: &str) -> Result<ObjectsAddress, Error> {
    address.parse().map_err(|why| Error::Config(ConfigError::Address { setting: "KOLSAI__OBJECTS__ADDRESS", why }))
}

/// Writes every object. Call it outside the runtime's own threads.
pub(crate) fn write(runtime: &Handle, address: &str, mode: Mode, part: &str, output: &mut dyn Write) -> Result<(), Error> {
    let inventory = runtime.block_on(async { Inventory::open(parsed(address)?, mode).map_err(Error::Objects) })?;
    let mut tar = tar::Builder::new(output);
    for key in runtime.block_on(inventory.keys()).map_err(Error::Objects)? {
        // Deleted since it was listed: its row is gone too, or goes.
        let Some(bytes) = runtime.block_on(inventory.read(&key)).map_err(Error::Objects)? else { continue };
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, key.as_str(), bytes.as_ref()).map_err(super::writing(part))?;
    }
    tar.finish().map_err(super::writing(part))
}

/// Every object of a tar, one at a time in memory.
pub(crate) fn each(content: &mut dyn Read, part: &str, mut take: impl FnMut(ObjectKey, Vec<u8>) -> Result<(), Error>) -> Result<(), Error> {
    let mut tar = tar::Archive::new(content);
    for entry in tar.entries().map_err(super::writing(part))? {
        let mut entry = entry.map_err(super::writing(part))?;
        let path = entry.path().map_err(super::writing(part))?;
        let strange = || Error::Damaged { part: part.to_owned(), why: "it holds something that is no object".into() };
        let key: ObjectKey = path.to_str().and_then(|path| path.parse().ok()).ok_or_else(strange)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(super::writing(part))?;
        take(key, bytes)?;
    }
    // The padding after the last entry belongs to the content too.
    crate::unpack::look(tar.into_inner())
}

pub(crate) fn open(address: &str, mode: Mode) -> Result<Objects, Error> {
    let address = parsed(address)?;
    Objects::open(Config { address, public_base: None, mode }).map_err(Error::Objects)
}

pub(crate) async fn is_empty(store: &Objects) -> Result<bool, Error> {
    for prefix in [Prefix::Incoming, Prefix::Originals, Prefix::Renditions] {
        if !store.list(prefix).await.map_err(Error::Objects)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
