//! A place for backups outside of any school: its keys, its stores, its ledger.

use std::sync::Arc;

use backup::{Ask, Identities, Record, Shown, Taken, new_identity, quietly};
use foundation::Clock;
use kolsai::Backed;
use sea_orm::{Database, DatabaseConnection};
use tempfile::TempDir;

use crate::{Folder, School, school::settings};

pub struct Safe {
    root: TempDir,
    pairs: Vec<(String, String)>,
}

impl Safe {
    /// Two key pairs, and the settings that name their public halves.
    pub fn new(further: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().expect("a folder for the backups");
        let key = |name: &str| new_identity(&root.path().join(name)).expect("a key pair");
        let place = |name: &str| format!("file:{}", root.path().join(name).display());
        let own = [
            ("ADDRESS", place("backups")),
            ("KEYRING_ADDRESS", place("keyring")),
            ("LEDGER", place("ledger")),
            ("RECIPIENTS", format!("[\"{}\"]", key("data.identity"))),
            ("KEYRING_RECIPIENTS", format!("[\"{}\"]", key("keyring-identity"))),
            ("SIGNING_KEY_FILE", root.path().join("catalogue.seed").display().to_string()),
        ];
        let own = own.map(|(name, value)| (format!("KOLSAI__BACKUP__{name}"), value));
        let further = further.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let pairs = own.into_iter().chain(further).collect();
        Self { root, pairs }
    }

    pub fn path(&self) -> &std::path::Path {
        self.root.path()
    }

    /// For a school that keeps its backups here.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Backups as a running school has them.
    pub fn of(&self, school: &School) -> Backed {
        Backed::of(school.engines().settings(), school.engines().clock()).expect("settings of backups")
    }

    /// Takes a backup of a running school.
    pub async fn take(&self, school: &School, shown: &Shown) -> Taken {
        let own = self.of(school);
        backup::take(&own.config, &own.backups, &own.around, shown).await.expect("a backup")
    }

    /// The keys that open what is here.
    pub fn ask(&self) -> Ask {
        let keys = |name: &str| Arc::new(Identities::read(&self.root.path().join(name)).expect("an identity file"));
        Ask {
            backup: None,
            keyring_backup: None,
            keys: keys("data.identity"),
            keyring_keys: keys("keyring-identity"),
            without_ledger: None,
        }
    }

    /// Restores the newest backup into an empty folder, for a school to be started in it.
    pub async fn restore(&self, folder: &mut Folder, ask: &Ask) -> Result<Record, backup::Error> {
        let settings = settings(folder, self.pairs.clone()).await;
        let own = Backed::for_restore(&settings, Clock::system(settings.mode)).expect("settings of backups");
        backup::restore(&own.config, &own.backups, &own.around, ask, &quietly()).await
    }

    /// A database of a folder in which no school runs.
    #[allow(clippy::disallowed_methods, reason = "tests stand for somebody who has the disk")]
    pub async fn database(&self, folder: &mut Folder, service: &str) -> DatabaseConnection {
        let settings = settings(folder, self.pairs.clone()).await;
        Database::connect(settings.database_address(service)).await.expect("the database of a service")
    }
}
