//! Objections and what a person answered.

use foundation::{PersonId, Timestamp, typed_id};
use personal_data::{JsonValue, PersonalData, Sealed, category, schema};
use sea_orm::entity::prelude::*;

typed_id!(
    /// An objection to an automated decision.
    ObjectionId
);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "objection")]
#[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: ObjectionId,
    #[personal(owner)]
    pub person: PersonId,
    /// Which kind of decision; see the contract.
    #[personal(code)]
    pub decision: i32,
    #[personal(link)]
    pub decision_id: Uuid,
    #[personal(free_text)]
    pub reason: Sealed<category::Rights, str>,
    /// How the program decided.
    #[personal(result)]
    pub explanation: Sealed<category::Rights, JsonValue>,
    #[personal(time)]
    pub received_at: Timestamp,
    #[personal(time)]
    pub due_at: Timestamp,
    #[personal(time)]
    pub answered_at: Option<Timestamp>,
    #[personal(code)]
    pub outcome: i32,
    #[personal(free_text)]
    pub answer: Option<Sealed<category::Rights, str>>,
    #[personal(other_person = "whoever answered; emptied when they are erased")]
    pub officer: Option<PersonId>,
    #[personal(version)]
    pub version: i64,
}

pub(crate) fn table() -> schema::Table {
    schema::table("objection", "id")
        .id("person")
        .code("decision")
        .id("decision_id")
        .bytes("reason")
        .bytes("explanation")
        .time("received_at")
        .time("due_at")
        .optional_time("answered_at")
        .code("outcome")
        .optional_bytes("answer")
        .optional_id("officer")
        .number("version")
        .index(&["person"])
        .index(&["officer"])
        .index(&["answered_at", "due_at"])
}
