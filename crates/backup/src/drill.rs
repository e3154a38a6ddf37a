//! A drill: a backup is restored into a scratch folder, looked at, told about, and removed.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use foundation::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde::{Deserialize, Serialize};

use crate::{
    Config, Content, Error, Part,
    backups::Backups,
    content::{self, connect, of_database},
    progress::{Shown, Watch},
    restore::{self, Ask},
    surroundings::Surroundings,
    unpack::unpack,
};

/// What a drill found. Names and numbers only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Drilled {
    pub backup: String,
    pub taken_at: Timestamp,
    pub at: Timestamp,
    pub parts: Vec<Found>,
    /// Erasures that a restore of this backup would repeat, at most.
    pub ledger_entries: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    pub part: String,
    /// Bytes of content.
    pub size: u64,
    pub what: String,
}

/// Reads every part, opens every database, and leaves a note of it beside the catalogue.
pub async fn drill(config: &Config, backups: &Backups, around: &Surroundings, ask: &Ask, shown: &Shown) -> Result<Drilled, Error> {
    let now = around.clock.now();
    let chosen = restore::choose(backups, ask, now).await?;
    let scratch = tempfile::tempdir().map_err(content::writing("the scratch folder"))?;
    let shelves = backups.shelves()?;
    let mut parts = Vec::new();
    for (catalogue, entry, keys) in [(&shelves.data, &chosen.data, &ask.keys), (&shelves.keyring, &chosen.keyring, &ask.keyring_keys)] {
        for part in &entry.parts {
            let path = scratch.path().join(&part.service);
            let (to, name) = (path.clone(), part.name.clone());
            let watch = Watch::new(shown, "restoring", &part.service, Some(part.content_size));
            unpack(&catalogue.vault, part, keys, watch, move |content| written(content, &to, &name)).await?;
            let what = looked_at(config, part, &path).await?;
            parts.push(Found { part: part.service.clone(), size: part.content_size, what });
            // One database of everybody is enough to have lying about at a time.
            std::fs::remove_file(&path).map_err(content::writing(&part.name))?;
        }
    }
    let ledger_entries = match backups.ledger() {
        Some(ledger) => Some(ledger.erased().await?.len() as u64),
        None => None,
    };
    let drilled = Drilled { backup: chosen.data.id.to_string(), taken_at: chosen.data.started_at, at: now, parts, ledger_entries };
    let note = serde_json::to_vec_pretty(&drilled).map_err(|error| Error::Write { part: "the drill".into(), source: error.into() })?;
    shelves.data.vault.put(&format!("drills/{:020}.json", now.micros()), note.into()).await.map_err(Error::Store)?;
    Ok(drilled)
}

impl Backups {
    /// When the last drill was.
    pub async fn last_drill(&self) -> Result<Option<Timestamp>, Error> {
        let notes = self.shelves()?.data.vault.list("drills/").await.map_err(Error::Store)?;
        let at = |name: &str| name.strip_prefix("drills/")?.strip_suffix(".json")?.parse().ok();
        Ok(notes.iter().filter_map(|note| at(&note.name)).max().map(Timestamp::from_micros))
    }
}

fn written(content: &mut dyn Read, to: &Path, part: &str) -> Result<(), Error> {
    let mut file = File::create_new(to).map_err(content::writing(part))?;
    io::copy(content, &mut file).map(drop).map_err(content::writing(part))
}

async fn looked_at(config: &Config, part: &Part, path: &Path) -> Result<String, Error> {
    let open = || File::open(path).map_err(content::writing(&part.name));
    match part.content {
        Content::Sqlite => sqlite(part, path).await,
        Content::Postgres => {
            let entries = restore::postgres(config, &part.service, "").check(path)?;
            Ok(format!("a dump of {entries} entries, read to its end"))
        }
        Content::Objects => {
            let mut objects = 0_u64;
            content::objects::each(&mut open()?, &part.name, |_, _| {
                objects += 1;
                Ok(())
            })?;
            Ok(format!("{objects} objects"))
        }
        Content::Files => {
            let files = tar::Archive::new(open()?).entries().map_err(content::writing(&part.name))?.count();
            Ok(format!("{files} key files"))
        }
    }
}

async fn sqlite(part: &Part, path: &Path) -> Result<String, Error> {
    let db = connect(&part.service, &format!("sqlite://{}?mode=ro", path.display())).await?;
    let sound: String = cell(&db, part, "PRAGMA integrity_check", "integrity_check").await?;
    if sound != "ok" {
        return Err(Error::Damaged { part: part.name.clone(), why: "SQLite finds the database unsound".into() });
    }
    let tables: i64 = cell(&db, part, "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table'", "n").await?;
    db.close().await.map_err(of_database(&part.service))?;
    Ok(format!("a sound database of {tables} tables"))
}

async fn cell<T: sea_orm::TryGetable>(db: &DatabaseConnection, part: &Part, sql: &str, column: &str) -> Result<T, Error> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.map_err(of_database(&part.service))?;
    let row = row.ok_or_else(|| Error::Damaged { part: part.name.clone(), why: "it answers nothing".into() })?;
    row.try_get("", column).map_err(of_database(&part.service))
}
