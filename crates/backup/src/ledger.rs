//! The ledger of erasures: outside every backup, so that a restore can undo nothing. Append-only; it holds random identifiers and times.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use foundation::{Mode, PersonId, Timestamp, sabotage};
use objects::Vault;
use serde::Serialize;

use crate::{ConfigError, Error, config};

/// What stands in it, and why: its row of the data map.
pub const MAP: &str = "a random identifier and a time: kept outside the backups like a tombstone, so that a restore brings nobody back";

const ERASED: &str = "erased/";

/// A file per erased person, named by the identifier. Clones share what they know to be written.
#[derive(Clone)]
pub struct Ledger {
    vault: Vault,
    written: Arc<Mutex<HashSet<PersonId>>>,
}

#[derive(Serialize)]
struct Line {
    person: String,
    recorded_at: String,
}

impl Ledger {
    /// `address` as settings give it.
    pub fn open(address: &str, mode: Mode) -> Result<Self, ConfigError> {
        Ok(Self { vault: config::vault(config::LEDGER, address, mode)?, written: Arc::default() })
    }

    /// Writes that somebody is erased; when this returns, the ledger survives a power failure. Again is harmless.
    pub async fn note_erased(&self, person: PersonId, recorded_at: Timestamp) -> Result<(), Error> {
        if sabotage::breaks("P29") || self.known().contains(&person) {
            return Ok(());
        }
        let line = Line { person: person.to_string(), recorded_at: recorded_at.to_string() };
        let text =
            serde_json::to_vec(&line).map_err(|error| Error::Write { part: "the ledger of erasures".into(), source: error.into() })?;
        let name = format!("{ERASED}{}", person.0.hyphenated());
        // The first entry stands: nothing in the ledger is ever written over.
        if self.vault.get(&name).await.map_err(Error::Ledger)?.is_none() {
            self.vault.put(&name, text.into()).await.map_err(Error::Ledger)?;
        }
        self.known().insert(person);
        Ok(())
    }

    /// Everybody who is erased. Names alone are read.
    pub async fn erased(&self) -> Result<Vec<PersonId>, Error> {
        let files = self.vault.list(ERASED).await.map_err(Error::Ledger)?;
        Ok(files.iter().filter_map(|file| file.name.strip_prefix(ERASED)?.parse().ok()).collect())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<PersonId>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
