//! The maps that this database has seen declared: old and new versions of a service run side by side, and only the newest knows
//! everything that is there.

use std::collections::{BTreeMap, BTreeSet};

use foundation::{Timestamp, uuid::Uuid};
use sea_orm::{ConnectionTrait, QueryFilter, QueryOrder, entity::prelude::*};
use serde::Deserialize;

use crate::{Db, Error, Holds, PersonalData, query, schema};

/// What one version declared.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "recorded_map")]
#[personal(none = "what versions of this software declared that they hold: names of tables and columns, nobody's data")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(plain = "SHA-256 over the map's canonical form")]
    pub hash: String,
    #[personal(plain = "the map's canonical form, JSON")]
    pub form: String,
    /// How many migrations that version knows: who knows more is newer.
    #[personal(measure)]
    pub migrations: i64,
    /// The order in which they came: among those with the same schema, the last is the newest.
    #[personal(measure)]
    pub number: i64,
    #[personal(time)]
    pub recorded_at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("recorded_map", "id")
        .text("hash")
        .text("form")
        .number("migrations")
        .number("number")
        .time("recorded_at")
        .unique(&["hash"])
        .unique(&["number"])
}

fn newest_first() -> Select<Entity> {
    query::anonymous::<Entity>().order_by_desc(Column::Migrations).order_by_desc(Column::Number)
}

/// Columns by table.
pub(crate) type Columns = BTreeMap<String, BTreeSet<String>>;

#[derive(Deserialize)]
struct Form {
    tables: Vec<FormTable>,
}

#[derive(Deserialize)]
struct FormTable {
    table: String,
    columns: Vec<FormColumn>,
}

#[derive(Deserialize)]
struct FormColumn {
    name: String,
}

impl Holds {
    /// Records this version's map, if this database has not seen it. Before anything is served: whatever a newer version writes
    /// is written after its map is known here.
    pub async fn record(&self, db: &Db) -> Result<(), Error> {
        self.record_first(db).await.map(drop)
    }

    /// The same; answers whether it was new.
    pub(crate) async fn record_first(&self, db: &Db) -> Result<bool, Error> {
        let (hash, migrations) = (self.map_hash(), i64::from(db.migrations()));
        for _ in 0..16 {
            let known = query::anonymous::<Entity>().all(db).await?;
            if known.iter().any(|map| map.hash == hash) {
                return Ok(false);
            }
            let number = known.iter().map(|map| map.number).max().unwrap_or(0) + 1;
            let tx = db.begin("holder.record-map").await?;
            let row = Model {
                id: Uuid::now_v7(),
                hash: hash.clone(),
                form: self.canonical_map(),
                migrations,
                number,
                recorded_at: tx.clock().now(),
            };
            // Another replica may have been first, with this map or with another.
            if tx.insert_once::<Entity>(row).await? {
                tx.commit_quietly().await?;
                tracing::info!(service = self.service(), number, hash, "a new data map is recorded");
                return Ok(true);
            }
        }
        Err(Error::Changed("recorded_map"))
    }

    /// Takes back what was recorded for a schema that did not come about.
    #[allow(clippy::disallowed_methods, reason = "the table of maps itself")]
    pub(crate) async fn strike(&self, db: &Db) -> Result<(), Error> {
        Entity::delete_many().filter(Column::Hash.eq(self.map_hash())).exec(db).await?;
        Ok(())
    }

    /// Refuses holder work on a replica that does not have the newest map: it would leave alone what it does not know.
    pub async fn newest(&self, db: &impl ConnectionTrait) -> Result<(), Error> {
        let newest = newest_first().one(db).await?;
        match newest {
            Some(newest) if newest.hash != self.map_hash() => Err(Error::NotNewestMap),
            _ => Ok(()),
        }
    }

    /// What maps newer than this one declare; everything, while this one is not recorded. None of it is drift.
    pub(crate) async fn declared_by_newer(&self, db: &Db) -> Result<Columns, Error> {
        let known = newest_first().all(db).await?;
        let (hash, mut declared) = (self.map_hash(), Columns::new());
        for newer in known.iter().take_while(|map| map.hash != hash) {
            let form: Form = serde_json::from_str(&newer.form).map_err(|_| Error::Internal("a recorded map cannot be read".into()))?;
            for table in form.tables {
                declared.entry(table.table).or_default().extend(table.columns.into_iter().map(|column| column.name));
            }
        }
        Ok(declared)
    }
}
