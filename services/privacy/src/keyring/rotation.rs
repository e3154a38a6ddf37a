//! Wraps anew what an older key-encryption key wrapped, in batches that can end anywhere: until all are done, the older key
//! still opens the rest.

use std::{collections::BTreeMap, time::Duration};

use foundation::{BoxError, PersonId, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use tokio_util::sync::CancellationToken;

use super::{
    KeyEncryption,
    rows::{index_key, person_key},
    wrapping::Wrapped,
};

const BATCH: u64 = 200;
/// A key that a service turned over is noticed within this time.
const EVERY: Duration = Duration::from_secs(600);

/// How far a rotation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    pub rewrapped: u64,
    /// Keys that no key-encryption key of the settings opens.
    pub stuck: u64,
}

/// Wraps everything anew that is not wrapped by the key-encryption key of now. `told` hears of each batch.
pub async fn rotate(db: &Db, keys: &KeyEncryption, mut told: impl FnMut(Rotation) + Send) -> Result<Rotation, Error> {
    let (current, mut done, mut after) = (keys.current().await?, Rotation::default(), PersonId(Uuid::nil()));
    loop {
        let rows = query::anonymous::<person_key::Entity>()
            .filter(person_key::Column::Wrapped.is_not_null())
            .filter(other_than(person_key::Column::WrappedBy, &current))
            .filter(person_key::Column::Person.gt(after))
            .order_by_asc(person_key::Column::Person)
            .limit(BATCH)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.person;
        rewrap(db, keys, rows, &mut done).await?;
        told(done);
    }
    let indexes = query::anonymous::<index_key::Entity>().filter(other_than(index_key::Column::WrappedBy, &current)).all(db).await?;
    for row in indexes {
        rewrap_index(db, keys, row, &mut done).await?;
        told(done);
    }
    Ok(done)
}

async fn rewrap(db: &Db, keys: &KeyEncryption, rows: Vec<person_key::Model>, done: &mut Rotation) -> Result<(), Error> {
    // The network first, then one transaction.
    let wrapped = rows.iter().map(|row| (row.person.0, row.wrapped()));
    let opened = keys.unwrap(wrapped.collect()).await?;
    let mut open = Vec::new();
    for (row, key) in rows.into_iter().zip(opened) {
        match key {
            Ok(key) => open.push((row, key)),
            Err(_) => {
                tracing::error!(
                    alarm = "KEY_STUCK",
                    by = row.wrapped_by,
                    "a key is wrapped by what the settings do not name, or was altered"
                );
                done.stuck += 1;
            }
        }
    }
    let ask: Vec<_> = open.iter().map(|(row, key)| (row.person.0, key.clone())).collect();
    let anew = keys.wrap(&ask).await?;
    let tx = db.begin("keyring.rewrap").await?;
    for ((mut row, _), Wrapped { bytes, by }) in open.into_iter().zip(anew) {
        // Destroyed, or its state changed, meanwhile: the next round sees what is left to do.
        let same = query::anonymous::<person_key::Entity>().filter(person_key::Column::Person.eq(row.person));
        if same.one(&tx).await?.is_none_or(|now| now.version != row.version) {
            continue;
        }
        (row.wrapped, row.wrapped_by) = (Some(bytes), by);
        tx.update::<person_key::Entity>(&mut row).await?;
        done.rewrapped += 1;
    }
    tx.commit().await
}

async fn rewrap_index(db: &Db, keys: &KeyEncryption, mut row: index_key::Model, done: &mut Rotation) -> Result<(), Error> {
    let key = keys.unwrap_one(row.id, Wrapped { bytes: row.wrapped.clone(), by: row.wrapped_by.clone() }).await?;
    let anew = keys.wrap_one(row.id, &key).await?;
    (row.wrapped, row.wrapped_by) = (anew.bytes, anew.by);
    let tx = db.begin("keyring.rewrap-index-key").await?;
    tx.update::<index_key::Entity>(&mut row).await?;
    tx.commit().await?;
    done.rewrapped += 1;
    Ok(())
}

/// How many keys each key-encryption key wraps.
pub async fn wrapped_by(db: &Db) -> Result<BTreeMap<String, i64>, Error> {
    let count = query::anonymous::<person_key::Entity>()
        .filter(person_key::Column::Wrapped.is_not_null())
        .select_only()
        .column(person_key::Column::WrappedBy)
        .column_as(person_key::Column::Person.count(), "keys")
        .group_by(person_key::Column::WrappedBy);
    Ok(count.into_tuple::<(String, i64)>().all(db).await?.into_iter().collect())
}

/// Two ranges, so that an index leads past the many that are done.
fn other_than<C: ColumnTrait>(column: C, name: &str) -> Condition {
    Condition::any().add(column.lt(name)).add(column.gt(name))
}

/// Runs at the start, after which a changed setting is in force, and then for keys that their service turned over.
pub(super) async fn run(db: Db, keys: KeyEncryption, until: CancellationToken) -> Result<(), BoxError> {
    while !until.is_cancelled() {
        match rotate(&db, &keys, |_| {}).await {
            Ok(Rotation { rewrapped: 0, stuck: 0 }) => {}
            Ok(done) => tracing::info!(done.rewrapped, done.stuck, "keys were wrapped anew"),
            // A key service that does not answer is no reason to be taken out of traffic.
            Err(error) => tracing::warn!(%error, "keys could not be wrapped anew for now"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = until.cancelled() => {}
        }
    }
    Ok(())
}
