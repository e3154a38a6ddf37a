//! The school and its backups: what there is to keep, whether it may start on what was restored, and the replay of the ledger.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use backup::{Backups, Config, Ledger, Surroundings};
use contract::privacy::v1::{ListUnderWayRequest, erasures_client::ErasuresClient};
use foundation::{Clock, Mode, PersonId};
use service::{Engines, Host, Part, Service, Settings};

use crate::StartError;

/// In the order in which they are read: privacy, which records what the others' access logs said, knows at most what they know;
/// what reacts comes before what it reacts to; and whoever has an account by then has a key in the keyring, which is read last.
const SERVICES: [&str; 7] = ["privacy", "analytics", "communication", "learning", "payment", "identity", backup::KEYRING];

/// People in one question, and how long privacy is waited for.
const AT_ONCE: usize = 1_000;
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

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

    /// Before any database is opened: half a restore is no school, and what a killed backup left goes, where backups are taken.
    pub(crate) fn may_start(data: &Path, part: &Part) -> Result<(), StartError> {
        if part.is_whole() {
            backup::sweep_staging(data);
        }
        backup::last_restore(data).map(drop).map_err(StartError::from)
    }

    /// Adds the work that prunes backups, and takes them when they are scheduled.
    pub(crate) fn keeps_up(&self, service: Service) -> Service {
        if !self.config.is_on() {
            return service;
        }
        let own = self.clone();
        service.works("backups", move |until| backup::keep_up(own.config.clone(), own.backups.clone(), own.around.clone(), until))
    }

    /// A process of some services takes no backups: its roles read its own databases alone.
    pub(crate) fn takes_none(&self) -> Result<(), StartError> {
        if self.config.every().is_some() { Err(StartError::ScheduledApart) } else { Ok(()) }
    }
}

/// The replay of the ledger of erasures, which every process with somebody's data does for itself.
pub(crate) struct Replay {
    ledger: Option<Ledger>,
    data: PathBuf,
}

impl Replay {
    /// Production has a ledger wherever there is somebody to erase.
    pub(crate) fn of(settings: &Settings) -> Result<Self, StartError> {
        let config: Config = settings.section("backup")?;
        if config.ledger.is_none() && settings.mode == Mode::Production {
            return Err(StartError::NoLedger);
        }
        let ledger = config.ledger.as_deref().map(|address| Ledger::open(address, settings.mode)).transpose()?;
        Ok(Self { ledger, data: settings.data.clone() })
    }

    /// Repeats every erasure of the ledger that these databases do not know: after a restore by whatever means. Nobody is served
    /// before, and a ledger that cannot be read keeps the process from starting.
    pub(crate) async fn run(&self, host: &Host, engines: &Engines) -> Result<(), StartError> {
        let record = backup::last_restore(&self.data)?;
        if let Some(why) = record.as_ref().and_then(|record| record.without_ledger.as_ref()) {
            tracing::warn!(alarm = "RESTORED_WITHOUT_LEDGER", why, "erasures since the restored backup were not repeated");
        }
        let Some(ledger) = &self.ledger else {
            return match record {
                Some(record) if !record.replayed && record.without_ledger.is_none() => {
                    Err(backup::Error::NoLedger { why: "none is configured, and this school was restored from a backup".into() }.into())
                }
                _ => Ok(()),
            };
        };
        let erased = ledger.erased().await?;
        let under_way = if engines.settings().part.runs("privacy") {
            privacy::erasures_under_way(engines).await.map_err(|error| StartError::UnderWay(error.to_string()))?
        } else {
            under_way_at_privacy(engines, &host.not_erased(&erased).await?).await?
        };
        let repeated = host.erase_again(&erased, &under_way).await?;
        if repeated > 0 {
            tracing::info!(repeated, "erasures of the ledger were repeated");
        }
        Ok(backup::note_replayed(&self.data)?)
    }
}

/// Whose erasure is ordered of this process yet, of those whom its databases do not know as erased. Mostly there is nobody to ask for,
/// and privacy need not be there.
async fn under_way_at_privacy(engines: &Engines, people: &[PersonId]) -> Result<Vec<PersonId>, StartError> {
    let mut found = Vec::new();
    let Some(from) = engines.settings().part.services().first().copied() else { return Ok(found) };
    let privacy = ErasuresClient::new(engines.transport(from, "privacy"));
    for some in people.chunks(AT_ONCE) {
        let person_ids: Vec<String> = some.iter().map(ToString::to_string).collect();
        let mut tries = 0;
        let answer = loop {
            let asked = privacy.clone().list_under_way(ListUnderWayRequest { person_ids: person_ids.clone() }).await;
            tries += 1;
            match asked {
                Ok(answer) => break answer.into_inner(),
                Err(status) if tries < TRIES => {
                    tracing::info!(code = ?status.code(), "privacy is asked again whose erasure is under way, before anybody is served");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(status) => return Err(StartError::UnderWay(status.message().to_owned())),
            }
        };
        found.extend(answer.person_ids.iter().filter_map(|id| id.parse::<PersonId>().ok()));
    }
    Ok(found)
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
