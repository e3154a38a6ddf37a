//! Recorded exceptions.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, Sealed, category::Rights, schema};

foundation::typed_id!(
    /// An exception.
    ExceptionId
);

pub mod access_exception {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// Staff without a tie to a person, let in for a reason and until an end.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "access_exception")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: ExceptionId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(other_person(on_erase = former_staff))]
        pub staff: Option<PersonId>,
        #[personal(code)]
        pub kind: i32,
        #[personal(free_text)]
        pub reason: Sealed<Rights, str>,
        #[personal(time)]
        pub recorded_at: Timestamp,
        #[personal(time)]
        pub until: Timestamp,
    }
}

pub fn table() -> schema::Table {
    schema::table("access_exception", "id")
        .id("person")
        .optional_id("staff")
        .code("kind")
        .bytes("reason")
        .time("recorded_at")
        .time("until")
        .index(&["person"])
        .index(&["recorded_at"])
}
