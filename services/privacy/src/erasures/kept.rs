//! What a law keeps after an erasure, item by item: until when, and, once it is destroyed, a signed note beside the receipt.

use contract::{Purpose, holder::v1::KeptItemDestroyed, privacy::v1 as pb};
use events::{Reaction, ReactionError};
use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Db, Error, PersonalData, Tx, query, schema};
use sea_orm::{QueryFilter, QueryOrder, entity::prelude::*};

use super::rows::erasure;
use crate::receipts::{DestructionNote, Locked, SigningKey};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "kept_item")]
#[personal(none = "identifiers of rows that a law keeps of people who are erased; what the rows say is with their holder alone")]
pub struct Model {
    /// As its holder knows the row.
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(link)]
    pub erasure: Uuid,
    #[personal(plain = "the name of a service")]
    pub holder: String,
    #[personal(plain = "the name of a table")]
    pub class: String,
    #[personal(plain = "the article that keeps it")]
    pub law: String,
    #[personal(time)]
    pub until: Timestamp,
    #[personal(time)]
    pub destroyed_at: Option<Timestamp>,
    #[personal(plain = "the note: no personal data")]
    pub note: Option<String>,
    #[personal(plain = "Ed25519 over the note")]
    pub signature: Option<String>,
    #[personal(version)]
    pub version: i64,
}

pub fn table() -> schema::Table {
    schema::table("kept_item", "id")
        .id("erasure")
        .text("holder")
        .text("class")
        .text("law")
        .time("until")
        .optional_time("destroyed_at")
        .optional_text("note")
        .optional_text("signature")
        .number("version")
        .index(&["erasure"])
}

/// Notes what the receipt says is locked, in the transaction that signs it.
pub(super) async fn note_in_tx(tx: &Tx, erasure: Uuid, locked: &[Locked]) -> Result<(), Error> {
    for item in locked {
        let (Ok(id), Some(until)) = (item.item.parse(), time(&item.until)) else { continue };
        let (holder, class, law) = (item.holder.clone(), item.table.clone(), item.law.clone());
        let row = Model { id, erasure, holder, class, law, until, destroyed_at: None, note: None, signature: None, version: 0 };
        tx.insert_once::<Entity>(row).await?;
    }
    Ok(())
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse::<prost_types::Timestamp>().ok().map(|time| Timestamp::from_proto(&time))
}

/// The notes of one erasure, the oldest first.
pub(super) async fn notes(db: &Db, erasure: Uuid) -> Result<Vec<pb::receipt::Note>, Error> {
    let rows = query::anonymous::<Entity>().filter(Column::Erasure.eq(erasure)).filter(Column::DestroyedAt.is_not_null());
    let rows = rows.order_by_asc(Column::DestroyedAt).order_by_asc(Column::Id).all(db).await?;
    let note = |row: Model| Some(pb::receipt::Note { document: row.note?, signature: row.signature? });
    Ok(rows.into_iter().filter_map(note).collect())
}

/// Signs what became of a locked item.
pub struct Notes {
    pub signing: SigningKey,
}

#[async_trait::async_trait]
impl Reaction<KeptItemDestroyed> for Notes {
    const NAME: &'static str = "privacy.note-destruction-of-kept-item";
    const PURPOSE: Purpose = Purpose::Rights;
    const ABOUT_THE_ERASED: bool = true;

    async fn react_in_tx(&self, tx: &Tx, event: KeptItemDestroyed) -> Result<(), ReactionError> {
        let id = event.item_id.parse::<Uuid>().map_err(|_| ReactionError::Poisoned("the item is not an identifier"))?;
        let row = query::anonymous::<Entity>().filter(Column::Id.eq(id)).one(tx).await?;
        let mut row = row.ok_or(ReactionError::Early("the receipt that names the item"))?;
        if row.holder != event.holder || row.class != event.table {
            return Err(ReactionError::Poisoned("the item is another holder's"));
        }
        let of = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(row.erasure)).one(tx).await?;
        let of = of.ok_or(ReactionError::Poisoned("the item is of no erasure"))?;
        let destroyed_at = event.destroyed_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        let note = DestructionNote {
            format: "kolsai-destruction-note/1".into(),
            request_id: of.id.to_string(),
            commitment: hex::encode(&of.commitment),
            holder: row.holder.clone(),
            table: row.class.clone(),
            item: id.to_string(),
            law: row.law.clone(),
            kept_until: row.until.to_string(),
            destroyed_at: destroyed_at.to_string(),
        };
        let note = serde_json::to_string(&note).map_err(|_| ReactionError::Poisoned("the note cannot be written"))?;
        (row.destroyed_at, row.signature) = (Some(destroyed_at), Some(self.signing.sign(note.as_bytes())));
        row.note = Some(note);
        tx.update::<Entity>(&mut row).await?;
        Ok(())
    }
}
