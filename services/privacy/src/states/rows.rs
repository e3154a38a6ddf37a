//! What may be done with a person's data, who follows that, and the requests that changed it.

use foundation::{PersonId, Timestamp, typed_id};
use personal_data::{PersonalData, schema};

typed_id!(
    /// A request that changes a person's state.
    StateRequestId
);

/// The aggregate that every holder's `person_state` follows.
pub mod processing {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "processing")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, owner)]
        pub person: PersonId,
        #[personal(measure)]
        pub restricted: bool,
        /// A bit per purpose, as `person_state` has them.
        #[personal(measure)]
        pub withdrawn: i64,
        /// Counts the changes: what the events carry.
        #[personal(version)]
        pub version: i64,
    }
}

/// Up to which version a holder follows a person's state.
pub mod follower {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "state_follower")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(plain = "the name of a service")]
        pub holder: String,
        #[personal(measure)]
        pub followed: i64,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}

/// A request for a restriction, its lifting, a withdrawal, or consent given again.
pub mod state_request {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "state_request")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: StateRequestId,
        #[personal(owner)]
        pub person: PersonId,
        /// A [`Kind`](super::super::Kind).
        #[personal(code)]
        pub kind: i32,
        #[personal(code)]
        pub purpose: i32,
        #[personal(time)]
        pub received_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        /// The version of the aggregate with the change; none while it waits for its person to be told.
        #[personal(measure)]
        pub change: Option<i64>,
        #[personal(time)]
        pub announced_at: Option<Timestamp>,
        #[personal(time)]
        pub keyring_at: Option<Timestamp>,
        #[personal(time)]
        pub in_force_at: Option<Timestamp>,
        #[personal(plain = "names of services that had not confirmed when their keys on loan had run out")]
        pub silent: Option<String>,
        #[personal(time)]
        pub notice_at: Option<Timestamp>,
        #[personal(time)]
        pub told_at: Option<Timestamp>,
        #[personal(time)]
        pub done_at: Option<Timestamp>,
        /// When the saga looks at it next; none once nothing is left to do.
        #[personal(time)]
        pub look_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("processing", "person").flag("restricted").number("withdrawn").number("version"),
        schema::table("state_follower", "id")
            .id("person")
            .text("holder")
            .number("followed")
            .time("at")
            .number("version")
            .unique(&["person", "holder"]),
        schema::table("state_request", "id")
            .id("person")
            .code("kind")
            .code("purpose")
            .time("received_at")
            .time("due_at")
            .optional_number("change")
            .optional_time("announced_at")
            .optional_time("keyring_at")
            .optional_time("in_force_at")
            .optional_text("silent")
            .optional_time("notice_at")
            .optional_time("told_at")
            .optional_time("done_at")
            .optional_time("look_at")
            .number("version")
            .index(&["person"])
            .index(&["look_at"])
            .index(&["done_at", "due_at"]),
    ]
}
