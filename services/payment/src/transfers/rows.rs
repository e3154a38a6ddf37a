//! One row per transfer, however often it was tried.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};

/// To whom something went, for what, and of which classes; never the values.
pub(crate) mod transfer {
    use foundation::uuid::Uuid;
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "transfer")]
    #[personal(category = Payment, purposes(Payment, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person_id: PersonId,
        #[personal(plain = "the name of a declared recipient")]
        pub recipient: String,
        #[personal(plain = "an ISO 3166-1 code")]
        pub country: String,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "names of data classes")]
        pub classes: String,
        #[personal(time)]
        pub sent_at: Timestamp,
    }
}

pub(crate) fn table() -> schema::Table {
    schema::table("transfer", "id")
        .id("person_id")
        .text("recipient")
        .text("country")
        .code("purpose")
        .text("classes")
        .time("sent_at")
        .index(&["person_id"])
}
