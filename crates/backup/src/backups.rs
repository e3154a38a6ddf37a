//! What the running school knows of its backups: the ledger that it writes, and until when somebody is still in a backup.

use std::{path::PathBuf, time::Duration};

use foundation::{Mode, PersonId, Timestamp};

use crate::{
    Config, ConfigError, Error,
    catalogue::{Catalogue, Entry, Shelf},
    keys::{CatalogueKey, SigningKey},
    ledger::Ledger,
    retention,
    surroundings::Surroundings,
};

/// Where nobody schedules it, prunings are at most this far apart.
const PRUNED_DAILY: Duration = Duration::from_secs(24 * 3600);

/// Both are off when nothing is configured. Clones share them.
#[derive(Clone)]
pub struct Backups {
    pub(crate) shelves: Option<Shelves>,
    ledger: Option<Ledger>,
    prune_every: Duration,
}

#[derive(Clone)]
pub(crate) struct Shelves {
    pub(crate) data: Catalogue,
    pub(crate) keyring: Catalogue,
}

impl Backups {
    /// Opens stores and ledger as configured; nothing is reached yet.
    pub fn open(config: &Config, data: &std::path::Path, mode: Mode) -> Result<Self, ConfigError> {
        let ledger = config.ledger.as_deref().map(|address| Ledger::open(address, mode)).transpose()?;
        let shelves = match config.vaults(mode)? {
            Some((of_data, of_keyring)) => {
                let key = catalogue_key(config, data, mode)?;
                Some(Shelves {
                    data: Catalogue::new(of_data, Shelf::Data, key.clone()),
                    keyring: Catalogue::new(of_keyring, Shelf::Keyring, key),
                })
            }
            None => None,
        };
        Ok(Self { shelves, ledger, prune_every: config.every().unwrap_or(PRUNED_DAILY) })
    }

    /// The same, validated against the school around it.
    pub fn of(config: &Config, around: &Surroundings) -> Result<Self, ConfigError> {
        config.validate(around)?;
        Self::open(config, &around.data, around.mode)
    }

    /// For a restore: nothing is made where nothing is, so the catalogue's key must be known.
    pub fn for_restore(config: &Config, around: &Surroundings) -> Result<Self, ConfigError> {
        if config.address.is_none() {
            return Err(ConfigError::NoAddress);
        }
        if config.catalogue_key.is_none() && !signing_key_file(config, &around.data).exists() {
            return Err(ConfigError::NoCatalogueKey);
        }
        Self::open(config, &around.data, around.mode)
    }

    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Writes an erasure into the ledger, durably. Before a receipt is signed this must have succeeded.
    pub async fn note_erased(&self, person: PersonId, recorded_at: Timestamp) -> Result<(), Error> {
        match &self.ledger {
            Some(ledger) => ledger.note_erased(person, recorded_at).await,
            None => Ok(()),
        }
    }

    /// When the last backup that holds somebody is gone, whom every holder had erased at `recorded_at`. None: no backup that began
    /// before is there. Computed from the catalogue, with those under way and the time until the next pruning.
    pub async fn gone_from_backups_by(&self, recorded_at: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        Ok(retention::gone_by(&self.all().await?, recorded_at, now, self.prune_every))
    }

    /// Everything in both catalogues, what is under way included.
    pub async fn all(&self) -> Result<Vec<Entry>, Error> {
        let Some(shelves) = &self.shelves else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for catalogue in [&shelves.data, &shelves.keyring] {
            entries.extend(catalogue.finished().await?);
            entries.extend(catalogue.under_way().await?);
        }
        Ok(entries)
    }

    pub(crate) fn shelves(&self) -> Result<&Shelves, Error> {
        self.shelves.as_ref().ok_or(Error::Config(ConfigError::NoAddress))
    }
}

pub(crate) fn signing_key_file(config: &Config, data: &std::path::Path) -> PathBuf {
    config.signing_key_file.clone().unwrap_or_else(|| data.join("backup").join("catalogue.seed"))
}

/// The public key that the catalogue is checked with: as told, or that of the seed.
fn catalogue_key(config: &Config, data: &std::path::Path, mode: Mode) -> Result<CatalogueKey, ConfigError> {
    match &config.catalogue_key {
        Some(text) => CatalogueKey::parse(text),
        None => Ok(SigningKey::from_file(&signing_key_file(config, data), mode)?.public()),
    }
}

/// The public key of this installation's catalogue, in base64.
pub fn catalogue_key_of(config: &Config, data: &std::path::Path, mode: Mode) -> Result<String, ConfigError> {
    catalogue_key(config, data, mode).map(|key| key.text())
}
