//! Objects whose row has gone: noted in the transaction that removed the row, removed after it.

use foundation::{Timestamp, uuid::Uuid};
use sea_orm::{QuerySelect, entity::prelude::*};

use crate::{Db, Error, Holds, PersonalData, Tx, query, schema};

/// Objects removed in one go.
const BATCH: u64 = 100;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "object_removal")]
#[personal(none = "random names of objects whose rows are gone; each goes with its object, in minutes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(plain = "the name of a store of the data map")]
    pub store: String,
    #[personal(plain = "the random name of an object in that store")]
    pub object: String,
    #[personal(time)]
    pub at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("object_removal", "id").text("store").text("object").time("at")
}

pub(super) async fn note_in_tx(tx: &Tx, store: &str, object: String) -> Result<(), Error> {
    tx.insert::<Entity>(Model { id: Uuid::new_v4(), store: store.to_owned(), object, at: tx.clock().now() }).await
}

impl Holds {
    /// Removes what is noted. Answers how many objects went. One that its store refuses stays noted; the others go.
    pub(super) async fn remove_noted(&self, db: &Db) -> Result<u64, Error> {
        let (mut removed, mut kept) = (0, Vec::new());
        loop {
            let next = query::anonymous::<Entity>().filter(Column::Id.is_not_in(kept.clone())).limit(BATCH).all(db).await?;
            if next.is_empty() {
                return Ok(removed);
            }
            for note in next {
                if let Err(error) = self.remove_object(&note).await {
                    tracing::warn!(service = self.service(), store = note.store, %error, "an object outlives its row; it is tried again");
                    kept.push(note.id);
                    continue;
                }
                let tx = db.begin("holder.forget-object").await?;
                match tx.delete::<Entity>(&note).await {
                    Ok(()) => tx.commit_quietly().await?,
                    // Another replica was there.
                    Err(Error::Changed(_)) => {}
                    Err(error) => return Err(error),
                }
                removed += 1;
            }
        }
    }

    async fn remove_object(&self, note: &Model) -> Result<(), Error> {
        let store = self.object_store(&note.store);
        let store = store.ok_or_else(|| Error::Internal(format!("no store `{}` is open here", note.store)))?;
        store.remove(&note.object).await
    }
}
