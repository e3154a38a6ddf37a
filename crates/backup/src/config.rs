//! Settings of backups: `KOLSAI__BACKUP__…`. The key that opens a backup is never among them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use foundation::Mode;
use objects::{ObjectsAddress, Vault};
use serde::Deserialize;

use crate::{ConfigError, keys::Recipients, surroundings::Surroundings};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A destroyed key is gone from every copy of the keyring after so long.
const KEYRING_KEPT_AT_MOST: u32 = 14;

pub(crate) const ADDRESS: &str = "KOLSAI__BACKUP__ADDRESS";
pub(crate) const KEYRING_ADDRESS: &str = "KOLSAI__BACKUP__KEYRING_ADDRESS";
pub(crate) const LEDGER: &str = "KOLSAI__BACKUP__LEDGER";

/// It holds addresses with secrets: no `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `file:<folder>`, or `s3+https://<key>:<secret>@<host>/<bucket>` with other credentials than the object store's. Without it no
    /// backups are taken.
    pub address: Option<String>,
    /// Public keys `age1…`, each of which opens backups.
    pub recipients: Vec<String>,
    /// Where backups of the keyring go; production demands another place.
    pub keyring_address: Option<String>,
    /// Public keys of their own.
    pub keyring_recipients: Vec<String>,
    /// The ledger of erasures: a folder or bucket that no backup contains.
    pub ledger: Option<String>,
    /// Taken by the running school so often; without it, by `kolsai backup` alone.
    pub every_hours: Option<u32>,
    pub keep_days: u32,
    /// At most 14.
    pub keyring_keep_days: u32,
    /// The Ed25519 seed that signs the catalogue; made in development when missing.
    pub signing_key_file: Option<PathBuf>,
    /// The public key that the catalogue is checked with, where the seed is not.
    pub catalogue_key: Option<String>,
    /// The folder of `pg_dump` and `pg_restore`, when they are not where Debian puts them.
    pub postgres_tools: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: None,
            recipients: Vec::new(),
            keyring_address: None,
            keyring_recipients: Vec::new(),
            ledger: None,
            every_hours: None,
            keep_days: 30,
            keyring_keep_days: KEYRING_KEPT_AT_MOST,
            signing_key_file: None,
            catalogue_key: None,
            postgres_tools: None,
        }
    }
}

impl Config {
    pub fn is_on(&self) -> bool {
        self.address.is_some()
    }

    /// How long backups are kept, those of the keyring second.
    pub(crate) fn kept(&self) -> (Duration, Duration) {
        (DAY * self.keep_days, DAY * self.keyring_keep_days)
    }

    pub fn every(&self) -> Option<Duration> {
        self.every_hours.map(|hours| Duration::from_secs(3600) * hours)
    }

    /// Refuses what the mode and the house do not allow. Backups that are off are not looked at further.
    pub fn validate(&self, around: &Surroundings) -> Result<(), ConfigError> {
        if !self.is_on() {
            return if around.mode == Mode::Production { Err(ConfigError::NoneInProduction) } else { Ok(()) };
        }
        self.places(around)?;
        let (data, keyring) = (self.recipients()?, self.keyring_recipients()?);
        if data.shares_with(&keyring) {
            return Err(ConfigError::SameRecipient);
        }
        if !(1..=KEYRING_KEPT_AT_MOST).contains(&self.keyring_keep_days) {
            return Err(ConfigError::KeyringKept);
        }
        if !(1..=365).contains(&self.keep_days) {
            return Err(ConfigError::Kept);
        }
        if self.every_hours.is_some_and(|hours| !(1..=168).contains(&hours)) {
            return Err(ConfigError::Every);
        }
        Ok(())
    }

    fn places(&self, around: &Surroundings) -> Result<(), ConfigError> {
        let own: Option<ObjectsAddress> = around.objects.parse().ok();
        let places = [(ADDRESS, &self.address), (KEYRING_ADDRESS, &self.keyring_address), (LEDGER, &self.ledger)];
        let mut parsed = Vec::new();
        for (setting, text) in places {
            let address = text.as_deref().map(|text| parse(setting, text)).transpose()?;
            match (&address, &own) {
                (Some(ObjectsAddress::Folder(folder)), _) if absolute(folder).starts_with(absolute(&around.data)) => {
                    return Err(ConfigError::InDataFolder { setting });
                }
                (Some(ObjectsAddress::S3(one)), Some(ObjectsAddress::S3(other))) if one.access_key == other.access_key => {
                    return Err(ConfigError::SameCredentials { setting });
                }
                _ => {}
            }
            parsed.push(address);
        }
        let [address, keyring, ledger] = parsed.as_slice() else { return Ok(()) };
        if around.mode == Mode::Production && keyring.as_ref().is_none_or(|keyring| Some(keyring) == address.as_ref()) {
            return Err(ConfigError::KeyringNotApart);
        }
        if ledger.as_ref().is_none_or(|ledger| Some(ledger) == address.as_ref() || Some(ledger) == keyring.as_ref()) {
            return Err(ConfigError::LedgerNotApart);
        }
        Ok(())
    }

    pub(crate) fn recipients(&self) -> Result<Recipients, ConfigError> {
        Recipients::parse("KOLSAI__BACKUP__RECIPIENTS", &self.recipients)
    }

    pub(crate) fn keyring_recipients(&self) -> Result<Recipients, ConfigError> {
        Recipients::parse("KOLSAI__BACKUP__KEYRING_RECIPIENTS", &self.keyring_recipients)
    }

    /// The place of the data's backups, then that of the keyring's.
    pub(crate) fn vaults(&self, mode: Mode) -> Result<Option<(Vault, Vault)>, ConfigError> {
        let Some(address) = &self.address else { return Ok(None) };
        let data = vault(ADDRESS, address, mode)?;
        let keyring = match &self.keyring_address {
            Some(address) => vault(KEYRING_ADDRESS, address, mode)?,
            None => data.clone(),
        };
        Ok(Some((data, keyring)))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn parse(setting: &'static str, text: &str) -> Result<ObjectsAddress, ConfigError> {
    text.parse().map_err(|why| ConfigError::Address { setting, why })
}

pub(crate) fn vault(setting: &'static str, address: &str, mode: Mode) -> Result<Vault, ConfigError> {
    Vault::open(&parse(setting, address)?, mode).map_err(|why| ConfigError::Store { setting, why: why.to_string() })
}
