//! The school around a backup: what there is to keep, or to put it back into.

use std::path::PathBuf;

use foundation::{Clock, Mode};

/// The service whose database is backed up apart, last.
pub const KEYRING: &str = "keyring";

#[derive(Clone)]
pub struct Surroundings {
    /// How people reach the school: where a backup says that it comes from.
    pub school: String,
    pub data: PathBuf,
    pub mode: Mode,
    pub clock: Clock,
    /// Services and their database addresses in the order in which they are read: what records others' doings first, so that the
    /// rest knows at least as much, and the keyring last, so that whoever is in a database has a key.
    pub databases: Vec<(String, String)>,
    /// The address of the object store.
    pub objects: String,
}

impl Surroundings {
    pub(crate) fn apart(&self) -> impl Iterator<Item = &(String, String)> {
        self.databases.iter().filter(|(service, _)| service == KEYRING)
    }

    pub(crate) fn together(&self) -> impl Iterator<Item = &(String, String)> {
        self.databases.iter().filter(|(service, _)| service != KEYRING)
    }
}
