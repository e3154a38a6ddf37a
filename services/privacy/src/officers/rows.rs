//! Grants of the officer's role, as identity told them.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};

pub mod officer {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "officer")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        /// Identity's grant.
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(measure)]
        pub granted: bool,
        #[personal(time)]
        pub until: Option<Timestamp>,
        /// Of identity's grant: an older event changes nothing.
        #[personal(measure)]
        pub seen: i64,
        #[personal(version)]
        pub version: i64,
    }
}

pub fn table() -> schema::Table {
    schema::table("officer", "id").id("person").flag("granted").optional_time("until").number("seen").number("version").index(&["person"])
}
