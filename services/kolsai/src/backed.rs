//! The school and its backups: what there is to keep, whether it may start on what was restored, and the replay of the ledger.

use std::path::Path;

use backup::{Backups, Config, Surroundings};
use foundation::Clock;
use service::{Engines, Host, Service, Settings};

use crate::StartError;

/// In the order in which they are read: privacy, which records what the others' access logs said, knows at most what they know;
/// what reacts comes before what it reacts to; and whoever has an account by then has a key in the keyring, which is read last.
const SERVICES: [&str; 7] = ["privacy", "analytics", "communication", "learning", "payment", "identity", backup::KEYRING];

/// Backups as they are configured; off, when they are not.
#[derive(Clone)]
pub struct Backed {
    pub config: Config,
    pub backups: Backups,
    pub around: Surroundings,
}

impl Backed {
    /// For whoever takes backups: refuses settings that the mode and the house do not allow.
    pub fn of(settings: &Settings, clock: Clock) -> Result<Self, StartError> {
        let (config, around) = (settings.section("backup")?, surroundings(settings, clock));
        let backups = Backups::of(&config, &around)?;
        Ok(Self { config, backups, around })
    }

    /// For whoever restores, perhaps where none were ever taken: the catalogue's key must be known.
    pub fn for_restore(settings: &Settings, clock: Clock) -> Result<Self, StartError> {
        let (config, around) = (settings.section("backup")?, surroundings(settings, clock));
        let backups = Backups::for_restore(&config, &around)?;
        Ok(Self { config, backups, around })
    }

    /// Before any database is opened: half a restore is no school, and what a killed backup left goes.
    pub(crate) fn may_start(data: &Path) -> Result<(), StartError> {
        backup::sweep_staging(data);
        backup::last_restore(data).map(drop).map_err(StartError::from)
    }

    /// Repeats every erasure of the ledger that these databases do not know: after a restore by whatever means. Nobody is served
    /// before, and a ledger that cannot be read keeps the school from starting.
    pub(crate) async fn replay(&self, host: &Host, engines: &Engines) -> Result<(), StartError> {
        let record = backup::last_restore(&self.around.data)?;
        if let Some(why) = record.as_ref().and_then(|record| record.without_ledger.as_ref()) {
            tracing::warn!(alarm = "RESTORED_WITHOUT_LEDGER", why, "erasures since the restored backup were not repeated");
        }
        let Some(ledger) = self.backups.ledger() else {
            return match record {
                Some(record) if !record.replayed && record.without_ledger.is_none() => {
                    Err(backup::Error::NoLedger { why: "none is configured, and this school was restored from a backup".into() }.into())
                }
                _ => Ok(()),
            };
        };
        let erased = ledger.erased().await?;
        let under_way = privacy::erasures_under_way(engines).await.map_err(|error| StartError::UnderWay(error.to_string()))?;
        let repeated = host.erase_again(&erased, &under_way).await?;
        if repeated > 0 {
            tracing::info!(repeated, "erasures of the ledger were repeated");
        }
        Ok(backup::note_replayed(&self.around.data)?)
    }

    /// Adds the work that prunes backups, and takes them when they are scheduled.
    pub(crate) fn keeps_up(&self, service: Service) -> Service {
        if !self.config.is_on() {
            return service;
        }
        let own = self.clone();
        service.works("backups", move |until| backup::keep_up(own.config.clone(), own.backups.clone(), own.around.clone(), until))
    }
}

fn surroundings(settings: &Settings, clock: Clock) -> Surroundings {
    Surroundings {
        school: settings.url.clone(),
        data: settings.data.clone(),
        mode: settings.mode,
        clock,
        databases: SERVICES.iter().map(|service| ((*service).to_owned(), settings.database_address(service))).collect(),
        objects: settings.objects_address(),
    }
}
