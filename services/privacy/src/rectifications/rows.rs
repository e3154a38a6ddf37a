//! Rectifications under way and done, and what holders reported.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};

/// How far a rectification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    Open = 0,
    Done = 1,
    /// A holder has copies that it cannot correct: the officer was told, and all are asked again later.
    Contradicted = 2,
}

pub mod rectification {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "rectification")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(plain = "numbers of classes of the contract: what was corrected, never how")]
        pub classes: String,
        #[personal(code)]
        pub state: i32,
        #[personal(time)]
        pub received_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        /// The number of the last order, and when it was given.
        #[personal(measure)]
        pub orders: i64,
        #[personal(time)]
        pub ordered_at: Timestamp,
        /// When the saga looks at it next.
        #[personal(time)]
        pub look_at: Timestamp,
        #[personal(time)]
        pub done_at: Option<Timestamp>,
        #[personal(time)]
        pub told_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod rectification_report {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "rectification_report")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(link)]
        pub rectification: Uuid,
        #[personal(plain = "the name of a service")]
        pub holder: String,
        /// The order that it answers.
        #[personal(measure)]
        pub answers: i64,
        #[personal(measure)]
        pub copies: i64,
        #[personal(measure)]
        pub corrected: i64,
        /// Copies that still say something else than their source.
        #[personal(measure)]
        pub stale: i64,
        #[personal(time)]
        pub done_at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("rectification", "id")
            .id("person")
            .text("classes")
            .code("state")
            .time("received_at")
            .time("due_at")
            .number("orders")
            .time("ordered_at")
            .time("look_at")
            .optional_time("done_at")
            .optional_time("told_at")
            .number("version")
            .index(&["person"])
            .index(&["done_at", "due_at"])
            .index(&["state", "look_at"]),
        schema::table("rectification_report", "id")
            .id("person")
            .id("rectification")
            .text("holder")
            .number("answers")
            .number("copies")
            .number("corrected")
            .number("stale")
            .time("done_at")
            .number("version")
            .index(&["person"])
            .index(&["rectification"]),
    ]
}
