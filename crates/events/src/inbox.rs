//! Which reaction has had its effect for which event, in the database of the effect.

use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Error, PersonalData, Tx, schema};
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "inbox")]
#[personal(none = "identifiers of events and names of reactions", keep(after = created, at = at, days = 30))]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(link)]
    pub event_id: Uuid,
    #[personal(plain = "the name of a reaction")]
    pub reaction: String,
    #[personal(time)]
    pub at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("inbox", "id").id("event_id").text("reaction").time("at").index(&["at"])
}

/// One identifier for (event, reaction).
pub(crate) fn id_of(event: Uuid, reaction: &str) -> Uuid {
    let digest = Sha256::new().chain_update(event.as_bytes()).chain_update(reaction).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}

/// Notes the effect together with the effect. False: it was had before.
pub async fn first_in_tx(tx: &Tx, event: Uuid, reaction: &str) -> Result<bool, Error> {
    tx.insert_once::<Entity>(Model { id: id_of(event, reaction), event_id: event, reaction: reaction.to_owned(), at: tx.clock().now() })
        .await
}
