//! Restores a backup where nothing is: chosen, checked whole, put back, and made ready to converge.

use std::{sync::Arc, time::Duration};

use foundation::{Timestamp, uuid::Uuid};
use tokio::runtime::Handle;

use crate::{
    Config, Content, Entry, Error, Part,
    backups::Backups,
    catalogue::Catalogue,
    content::{self, connect, files, kind_of, of_database, postgres::Postgres, sqlite},
    keys::Identities,
    progress::{Shown, Watch},
    record::{self, Record},
    retention,
    surroundings::Surroundings,
    unpack::{look, unpack},
};

/// A copy of the keyring is restored for so long and no longer: a destroyed key must not come back from an older one.
const KEYRING_RESTORED: Duration = Duration::from_secs(14 * 24 * 3600);
/// By so much the clocks of two machines may differ.
const SKEW: Duration = Duration::from_secs(300);

/// What is to be restored, and the keys that open it.
pub struct Ask {
    /// The newest when none is named.
    pub backup: Option<Uuid>,
    /// The newest when none is named: it knows best which keys were destroyed.
    pub keyring_backup: Option<Uuid>,
    pub keys: Arc<Identities>,
    pub keyring_keys: Arc<Identities>,
    /// Why the ledger of erasures is done without.
    pub without_ledger: Option<String>,
}

/// Two backups that go together.
pub(crate) struct Chosen {
    pub(crate) data: Entry,
    pub(crate) keyring: Entry,
}

/// Puts a backup back. The target is empty before, and nothing is touched before every part is read to its end. The ledger of
/// erasures is replayed by the school itself whenever it starts, before it serves anybody.
pub async fn restore(config: &Config, backups: &Backups, around: &Surroundings, ask: &Ask, shown: &Shown) -> Result<Record, Error> {
    let chosen = choose(backups, ask, around.clock.now()).await?;
    ledger(backups, &chosen.data, ask).await?;
    empty(config, around).await?;
    fits(&chosen, around)?;
    check(backups, &chosen, ask, shown).await?;
    let mut record = Record {
        backup: chosen.data.id,
        keyring_backup: chosen.keyring.id,
        taken_at: chosen.data.started_at,
        restored_at: around.clock.now(),
        whole: false,
        replayed: false,
        without_ledger: ask.without_ledger.clone(),
    };
    record::write(&around.data, &record)?;
    let shelves = backups.shelves()?;
    for (catalogue, entry, keys) in [(&shelves.keyring, &chosen.keyring, &ask.keyring_keys), (&shelves.data, &chosen.data, &ask.keys)] {
        for part in &entry.parts {
            put_back(config, catalogue, part, keys, around, shown).await?;
        }
    }
    let since = chosen.data.started_at.minus(SKEW);
    for (service, address) in &around.databases {
        let db = connect(service, address).await?;
        events::publish_again(&db, since, around.clock.now()).await.map_err(of_database(service))?;
        db.close().await.map_err(of_database(service))?;
    }
    record.whole = true;
    record::write(&around.data, &record)?;
    Ok(record)
}

pub(crate) async fn choose(backups: &Backups, ask: &Ask, now: Timestamp) -> Result<Chosen, Error> {
    let shelves = backups.shelves()?;
    let data = one(&shelves.data, ask.backup).await?;
    let keyring = one(&shelves.keyring, ask.keyring_backup).await?;
    for entry in [&data, &keyring] {
        if retention::is_expired(entry, now) {
            return Err(expired(entry, entry.expires_at));
        }
    }
    // Whatever an entry says of itself.
    let last = keyring.started_at.plus(KEYRING_RESTORED);
    if last <= now { Err(expired(&keyring, last)) } else { Ok(Chosen { data, keyring }) }
}

fn expired(entry: &Entry, at: Timestamp) -> Error {
    Error::Expired { id: format!("{} of the {}", entry.id, entry.shelf), at: at.to_string() }
}

async fn one(catalogue: &Catalogue, id: Option<Uuid>) -> Result<Entry, Error> {
    let mut entries = catalogue.finished().await?;
    let found = match id {
        Some(id) => entries.into_iter().find(|entry| entry.id == id),
        None => entries.pop(),
    };
    found.ok_or_else(|| Error::NoSuchBackup { id: id.map(|id| id.to_string()) })
}

/// A ledger that has lost entries is none: the backup knows how many there were.
async fn ledger(backups: &Backups, data: &Entry, ask: &Ask) -> Result<(), Error> {
    let why = match backups.ledger() {
        None => "none is configured".to_owned(),
        Some(ledger) => match ledger.erased().await {
            Ok(erased) if erased.len() as u64 >= data.ledger_entries => return Ok(()),
            Ok(erased) => format!("it has {} entries and had {} when the backup began", erased.len(), data.ledger_entries),
            Err(error) => error.to_string(),
        },
    };
    match &ask.without_ledger {
        Some(reason) => {
            tracing::warn!(alarm = "RESTORED_WITHOUT_LEDGER", why, reason, "erasures since this backup are not repeated");
            Ok(())
        }
        None => Err(Error::NoLedger { why }),
    }
}

async fn empty(config: &Config, around: &Surroundings) -> Result<(), Error> {
    let not_empty = |what: String| Err(Error::NotEmpty { what });
    for (service, address) in &around.databases {
        let is_empty = match kind_of(address) {
            Content::Sqlite => sqlite::is_empty(address),
            _ => postgres(config, service, address).is_empty().await?,
        };
        if !is_empty {
            return not_empty(format!("there is a database of {service}"));
        }
    }
    if !content::objects::is_empty(&content::objects::open(&around.objects, around.mode)?).await? {
        return not_empty("the object store holds objects".into());
    }
    match files::list(&around.data)?.first() {
        Some(name) => not_empty(format!("there is the key file {}", name.display())),
        None => Ok(()),
    }
}

/// That every part has its place here, and every place its part.
fn fits(chosen: &Chosen, around: &Surroundings) -> Result<(), Error> {
    let parts = || chosen.data.parts.iter().chain(&chosen.keyring.parts);
    for (service, address) in &around.databases {
        let part = parts().find(|part| part.service == *service);
        let part = part.ok_or_else(|| Error::MissingPart { part: format!("the database of {service}") })?;
        if part.content != kind_of(address) {
            let (was, is) = (content::named(part.content), content::named(kind_of(address)));
            return Err(Error::OtherEngine { service: service.clone(), was, is });
        }
    }
    Ok(())
}

/// Reads every part to its end and compares it with the catalogue, before anything is touched.
pub(crate) async fn check(backups: &Backups, chosen: &Chosen, ask: &Ask, shown: &Shown) -> Result<(), Error> {
    let shelves = backups.shelves()?;
    for (catalogue, entry, keys) in [(&shelves.data, &chosen.data, &ask.keys), (&shelves.keyring, &chosen.keyring, &ask.keyring_keys)] {
        for part in &entry.parts {
            let watch = Watch::new(shown, "checking", &part.service, Some(part.content_size));
            unpack(&catalogue.vault, part, keys, watch, look).await?;
        }
    }
    Ok(())
}

async fn put_back(
    config: &Config,
    catalogue: &Catalogue,
    part: &Part,
    keys: &Arc<Identities>,
    around: &Surroundings,
    shown: &Shown,
) -> Result<(), Error> {
    let watch = Watch::new(shown, "restoring", &part.service, Some(part.content_size));
    let address = around.databases.iter().find(|(service, _)| *service == part.service).map(|(_, address)| address.clone());
    let name = part.name.clone();
    let unplaced = || Error::MissingPart { part: format!("the place of {}", part.service) };
    match part.content {
        Content::Sqlite => {
            let address = address.ok_or_else(unplaced)?;
            unpack(&catalogue.vault, part, keys, watch, move |content| sqlite::restore(&address, content)).await
        }
        Content::Postgres => {
            let target = postgres(config, &part.service, &address.ok_or_else(unplaced)?);
            unpack(&catalogue.vault, part, keys, watch, move |content| target.restore(content)).await
        }
        Content::Objects => {
            let (runtime, store) = (Handle::current(), content::objects::open(&around.objects, around.mode)?);
            let put = move |key, bytes: Vec<u8>| runtime.block_on(store.put(&key, bytes.into())).map_err(Error::Objects);
            unpack(&catalogue.vault, part, keys, watch, move |content| content::objects::each(content, &name, put)).await
        }
        Content::Files => {
            let data = around.data.clone();
            unpack(&catalogue.vault, part, keys, watch, move |content| files::restore(&data, &name, content)).await
        }
    }
}

pub(crate) fn postgres(config: &Config, service: &str, address: &str) -> Postgres {
    Postgres { tools: config.postgres_tools.clone(), service: service.to_owned(), address: address.to_owned() }
}
