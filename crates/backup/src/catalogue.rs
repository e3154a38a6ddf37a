//! The catalogue: what was backed up, when, from where, how large, with which hash, until when. Each entry is signed.

use std::fmt;

use foundation::{Timestamp, uuid::Uuid};
use objects::Vault;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    keys::{CatalogueKey, SigningKey},
};

pub const FORMAT: &str = "kolsai-backup/1";

/// What a shelf keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shelf {
    /// Databases of the services, and objects.
    Data,
    /// The keyring's database and the key files of the installation.
    Keyring,
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::Keyring => "keyring",
        })
    }
}

/// How the content of a part is to be read, once it is decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A database file.
    Sqlite,
    /// The custom format of `pg_dump`.
    Postgres,
    /// A tar of sealed objects by key.
    Objects,
    /// A tar of key files by their place in the data folder.
    Files,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Of the file in the store.
    pub name: String,
    /// The service whose database it is; `objects` and `files` otherwise.
    pub service: String,
    pub content: Content,
    /// Bytes of the encrypted file.
    pub size: u64,
    /// SHA-256 of the encrypted file, in hex.
    pub sha256: String,
    /// Bytes before encryption.
    pub content_size: u64,
    /// The hash of the data map that the service's rows follow, where it is known.
    pub map_hash: Option<String>,
}

/// One backup of one shelf.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub format: String,
    pub id: Uuid,
    pub shelf: Shelf,
    pub school: String,
    pub version: String,
    pub started_at: Timestamp,
    /// None while it is under way, and for ever when it was interrupted.
    pub finished_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Entries in the ledger of erasures before it began: a ledger that has fewer has lost some.
    pub ledger_entries: u64,
    pub parts: Vec<Part>,
}

/// An entry as it is stored: the signature is over these very bytes.
#[derive(Serialize, Deserialize)]
struct Signed {
    entry: String,
    signature: String,
}

/// The catalogue and the files of one shelf.
#[derive(Clone)]
pub(crate) struct Catalogue {
    pub(crate) vault: Vault,
    pub(crate) shelf: Shelf,
    key: CatalogueKey,
}

impl Catalogue {
    pub(crate) fn new(vault: Vault, shelf: Shelf, key: CatalogueKey) -> Self {
        Self { vault, shelf, key }
    }

    pub(crate) fn part(&self, id: Uuid, part: &str) -> String {
        format!("{}/{part}.age", self.parts(id))
    }

    fn parts(&self, id: Uuid) -> String {
        format!("{}/parts/{id}", self.shelf)
    }

    fn name(&self, entry: &Entry) -> String {
        let state = if entry.finished_at.is_some() { "catalogue" } else { "under-way" };
        format!("{}/{state}/{}.json", self.shelf, entry.id)
    }

    /// Notes that a backup begins: from here on it may hold whoever is in the databases.
    pub(crate) async fn start(&self, entry: &Entry, signing: &SigningKey) -> Result<(), Error> {
        self.write(entry, signing).await
    }

    /// Enters a finished backup. Only what is entered can be restored.
    pub(crate) async fn enter(&self, entry: &Entry, signing: &SigningKey) -> Result<(), Error> {
        self.write(entry, signing).await?;
        let begun = Entry { finished_at: None, ..entry.clone() };
        self.vault.delete(&self.name(&begun)).await.map_err(Error::Store)
    }

    async fn write(&self, entry: &Entry, signing: &SigningKey) -> Result<(), Error> {
        let text = serde_json::to_string(entry).map_err(|error| Error::Write { part: "the catalogue".into(), source: error.into() })?;
        let signed = Signed { signature: signing.sign(&text), entry: text };
        let bytes =
            serde_json::to_vec_pretty(&signed).map_err(|error| Error::Write { part: "the catalogue".into(), source: error.into() })?;
        self.vault.put(&self.name(entry), bytes.into()).await.map_err(Error::Store)
    }

    /// Finished backups, the oldest first. One forged entry is an error: nobody is to overlook it.
    pub(crate) async fn finished(&self) -> Result<Vec<Entry>, Error> {
        self.read("catalogue").await
    }

    /// Backups that began and are not entered: under way, or interrupted.
    pub(crate) async fn under_way(&self) -> Result<Vec<Entry>, Error> {
        let finished = self.finished().await?;
        let begun = self.read("under-way").await?;
        // Ended between its entry and the removal of its beginning.
        Ok(begun.into_iter().filter(|entry| !finished.iter().any(|done| done.id == entry.id)).collect())
    }

    async fn read(&self, state: &str) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for file in self.vault.list(&format!("{}/{state}/", self.shelf)).await.map_err(Error::Store)? {
            // Pruned or entered meanwhile.
            let Some(bytes) = self.vault.get(&file.name).await.map_err(Error::Store)? else { continue };
            let forged = || Error::ForgedEntry { name: file.name.clone() };
            let signed: Signed = serde_json::from_slice(&bytes).map_err(|_| forged())?;
            if !self.key.checks(&signed.entry, &signed.signature) {
                return Err(forged());
            }
            let entry: Entry = serde_json::from_str(&signed.entry).map_err(|_| forged())?;
            // An entry put in the place of another is as good as forged.
            if entry.format != FORMAT || entry.shelf != self.shelf || self.name(&entry) != file.name {
                return Err(forged());
            }
            entries.push(entry);
        }
        entries.sort_by_key(|entry| entry.started_at);
        Ok(entries)
    }

    /// Deletes a backup: its files first, so that what is still listed may still be there and what is not listed is not.
    pub(crate) async fn delete(&self, entry: &Entry) -> Result<(), Error> {
        self.delete_parts(entry.id).await?;
        self.vault.delete(&self.name(entry)).await.map_err(Error::Store)
    }

    async fn delete_parts(&self, id: Uuid) -> Result<(), Error> {
        for file in self.vault.list(&format!("{}/", self.parts(id))).await.map_err(Error::Store)? {
            self.vault.delete(&file.name).await.map_err(Error::Store)?;
        }
        Ok(())
    }

    /// Deletes files of backups that neither began nor ended as far as the catalogue knows.
    pub(crate) async fn delete_orphans(&self) -> Result<u64, Error> {
        let root = format!("{}/parts/", self.shelf);
        let files = self.vault.list(&root).await.map_err(Error::Store)?;
        // Listed after the files: whatever began meanwhile is known.
        let known: Vec<_> = self.finished().await?.into_iter().chain(self.read("under-way").await?).map(|entry| entry.id).collect();
        let mut deleted = 0;
        for file in files {
            let id = file.name.strip_prefix(&root).and_then(|rest| rest.split('/').next()).and_then(|id| id.parse().ok());
            if id.is_none_or(|id: Uuid| !known.contains(&id)) {
                self.vault.delete(&file.name).await.map_err(Error::Store)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}
