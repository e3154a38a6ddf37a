//! Events waiting to be published, in the database of the service that announces them.

use contract::Event;
use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Error, PersonalData, Tx, schema};

use crate::rules::Publication;

/// An event and how far its publication is.
pub mod event {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "outbox")]
    #[personal(none = "identifiers only, by the contract", keep(after = ended, at = published_at, days = 7))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the full name of a message of the contract")]
        pub kind: String,
        #[personal(plain = "an event: identifiers only, proven over the descriptors")]
        pub payload: Vec<u8>,
        #[personal(plain = "a trace id")]
        pub traceparent: Option<String>,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(time)]
        pub published_at: Option<Timestamp>,
        #[personal(measure)]
        pub attempts: i64,
        /// Not before this time; also the lease of the relay that works on it.
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }

    impl Model {
        /// How far its publication is.
        pub fn publication(&self) -> Publication {
            Publication { published_at: self.published_at, attempts: self.attempts, due_at: self.due_at }
        }
    }
}

/// That one reaction is done with one event, as the in-process bus remembers it.
pub mod delivery {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "delivery")]
    #[personal(none = "names of reactions and identifiers of events", keep(after = created, at = at, days = 7))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub event_id: Uuid,
        #[personal(plain = "the name of a reaction")]
        pub reaction: String,
        #[personal(plain = "what became of it")]
        pub outcome: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub(crate) fn event_table() -> schema::Table {
    schema::table("outbox", "id")
        .text("kind")
        .bytes("payload")
        .optional_text("traceparent")
        .time("at")
        .optional_time("published_at")
        .number("attempts")
        .time("due_at")
        .number("version")
        .index(&["published_at", "due_at"])
}

pub(crate) fn delivery_table() -> schema::Table {
    schema::table("delivery", "id").id("event_id").text("reaction").text("outcome").time("at").index(&["event_id"])
}

/// Announces an event with the state that it announces: both commit or neither.
pub async fn announce_in_tx<E: Event>(tx: &Tx, event: E) -> Result<(), Error> {
    let now = tx.clock().now();
    let Publication { published_at, attempts, due_at } = Publication::announced(now);
    tx.insert::<event::Entity>(event::Model {
        id: Uuid::now_v7(),
        kind: E::TYPE.to_owned(),
        payload: event.encode_to_vec(),
        traceparent: foundation::trace::current_traceparent(),
        at: now,
        published_at,
        attempts,
        due_at,
        version: 0,
    })
    .await
}
