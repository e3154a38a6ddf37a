//! The relation with a person: when they last used their account, and when it ended.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "relation")]
#[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 30), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key, owner)]
    pub person: PersonId,
    /// To the day: signing in every hour writes once.
    #[personal(time)]
    pub used_at: Timestamp,
    #[personal(time)]
    pub ended_at: Option<Timestamp>,
    #[personal(version)]
    pub version: i64,
}

pub fn table() -> schema::Table {
    schema::table("relation", "person").time("used_at").optional_time("ended_at").number("version").index(&["ended_at", "used_at"])
}
