//! One round over every table: small batches, each deleted under the same condition that found it.

use std::collections::BTreeSet;

use foundation::{PersonId, uuid::Uuid};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::{objects, over, ticket};
use crate::{Db, Error, Holds, Tx, map::TableMap, person_state};

/// Rows of one transaction.
const BATCH: u64 = 200;

/// What one round removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tables of which something went, and how many rows.
    pub rows: Vec<(&'static str, u64)>,
    pub objects: u64,
}

/// Rows that expired together.
#[derive(Clone, Debug)]
pub struct Expired {
    pub table: &'static str,
    /// The article that kept them beyond an erasure, when one did.
    pub law: Option<&'static str>,
    /// The row's key, and whose it was.
    pub rows: Vec<(Uuid, Option<PersonId>)>,
}

/// What else is written in the transaction that lets rows expire, for instance an event.
#[async_trait::async_trait]
pub trait ExpiryNotes: Send + Sync {
    async fn note_in_tx(&self, tx: &Tx, expired: &Expired) -> Result<(), Error>;
}

/// Nothing more is to be written.
pub struct NoNotes;

#[async_trait::async_trait]
impl ExpiryNotes for NoNotes {
    async fn note_in_tx(&self, _: &Tx, _: &Expired) -> Result<(), Error> {
        Ok(())
    }
}

impl Holds {
    /// Lets expire what is over. Doing it twice, or on several replicas, is doing it once.
    pub async fn sweep(&self, db: &Db, notes: &dyn ExpiryNotes) -> Result<Swept, Error> {
        let mut swept = Swept { objects: self.remove_noted(db).await?, ..Swept::default() };
        if foundation::sabotage::breaks("P01") {
            return Ok(swept);
        }
        let mut failed = Ok(());
        for map in self.maps().into_iter().filter(|map| map.keep.is_some()) {
            let mut gone = 0;
            loop {
                match self.expire_batch(db, map, notes).await {
                    Ok(batch) => {
                        gone += batch;
                        if batch < BATCH {
                            break;
                        }
                    }
                    // One table that cannot be swept keeps no other one.
                    Err(error) => {
                        failed = failed.and(Err(error));
                        break;
                    }
                }
            }
            if gone > 0 {
                swept.rows.push((map.table, gone));
            }
        }
        if !swept.rows.is_empty() {
            swept.objects += self.remove_noted(db).await?;
            // What has expired does not linger in the write-ahead log.
            db.checkpoint().await?;
        }
        failed.map(|()| swept)
    }

    async fn expire_batch(&self, db: &Db, map: &'static TableMap, notes: &dyn ExpiryNotes) -> Result<u64, Error> {
        let Some(over) = over::condition(map, db.clock().now()) else { return Ok(0) };
        // Most rounds find nothing: they write nothing either, and take no lock.
        let found = read(map, &select(db, map, &over).await?)?;
        if found.is_empty() {
            return Ok(0);
        }
        let tx = db.begin("holder.expire").await?;
        self.newest(&tx).await?;
        // People before rows, as every use case locks them.
        let people: BTreeSet<PersonId> = found.iter().filter_map(|row| row.owner).collect();
        for person in people {
            person_state::known_in_tx(&tx, person).await?;
        }
        let keys: Vec<Uuid> = found.iter().map(|row| row.key).collect();
        let rows = read(map, &still_over(&tx, map, &over, &keys).await?)?;
        if rows.len() != keys.len() {
            return Err(Error::Changed(map.table));
        }
        for (store, object) in rows.iter().flat_map(|row| &row.objects) {
            objects::note_in_tx(&tx, store, object.clone()).await?;
        }
        if map.append_only {
            ticket::issue_in_tx(&tx, &keys).await?;
        }
        let expired = Expired { table: map.table, law: map.law(), rows: rows.iter().map(|row| (row.key, row.owner)).collect() };
        notes.note_in_tx(&tx, &expired).await?;
        // The condition once more: what was used in between stays, and the batch is looked for anew.
        if delete_in_tx(&tx, map, &over, &keys).await? != keys.len() as u64 {
            return Err(Error::Changed(map.table));
        }
        if map.append_only {
            ticket::withdraw_in_tx(&tx, &keys).await?;
        }
        tx.commit_quietly().await?;
        Ok(keys.len() as u64)
    }
}

/// The column of the key; the derive demands exactly one.
fn key(map: &TableMap) -> &'static str {
    map.columns.iter().find(|column| column.says("key")).map_or("id", |column| column.name)
}

/// A row that is over.
struct Over {
    key: Uuid,
    owner: Option<PersonId>,
    /// Store and key of each object that it names.
    objects: Vec<(&'static str, String)>,
}

fn read(map: &'static TableMap, rows: &[QueryResult]) -> Result<Vec<Over>, Error> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = map.owner().map(|owner| row.try_get::<Uuid>("", owner)).transpose()?.map(PersonId);
        let mut objects = Vec::new();
        for column in map.columns.iter().filter(|column| column.says("object")) {
            let object: Option<String> = row.try_get("", column.name)?;
            objects.extend(object.filter(|object| !object.is_empty()).map(|object| (column.note, object)));
        }
        all.push(Over { key: row.try_get("", key(map))?, owner, objects });
    }
    Ok(all)
}

fn columns(map: &TableMap) -> String {
    let objects = map.columns.iter().filter(|column| column.says("object")).map(|column| column.name);
    // The owner of a row may be its key.
    let named: BTreeSet<_> = [key(map)].into_iter().chain(map.owner()).chain(objects).collect();
    named.into_iter().map(|name| format!(r#""{name}""#)).collect::<Vec<_>>().join(", ")
}

async fn select(db: &Db, map: &TableMap, over: &str) -> Result<Vec<QueryResult>, Error> {
    let sql = format!(r#"SELECT {} FROM "{}" WHERE {over} LIMIT {BATCH}"#, columns(map), map.table);
    Ok(db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?)
}

async fn still_over(tx: &Tx, map: &TableMap, over: &str, keys: &[Uuid]) -> Result<Vec<QueryResult>, Error> {
    let backend = tx.get_database_backend();
    // What is append-only does not change, and whoever may not change it may not lock it either.
    let lock = if backend == DbBackend::Postgres && !map.append_only { " FOR UPDATE" } else { "" };
    let places = ticket::places(backend, keys.len());
    let sql = format!(r#"SELECT {} FROM "{}" WHERE "{}" IN ({places}) AND {over}{lock}"#, columns(map), map.table, key(map));
    let values = keys.iter().map(|key| Value::from(*key));
    Ok(tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?)
}

async fn delete_in_tx(tx: &Tx, map: &TableMap, over: &str, keys: &[Uuid]) -> Result<u64, Error> {
    let backend = tx.get_database_backend();
    let places = ticket::places(backend, keys.len());
    let sql = format!(r#"DELETE FROM "{}" WHERE "{}" IN ({places}) AND {over}"#, map.table, key(map));
    let values = keys.iter().map(|key| Value::from(*key));
    Ok(tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected())
}
