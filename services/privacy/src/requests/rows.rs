//! Requests for a copy. Erasures have rows of their own: they outlive their person.

use foundation::{PersonId, Timestamp};
use personal_data::PersonalData;

foundation::typed_id!(
    /// A request for a copy.
    CopyRequestId
);

pub mod copy_request {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "copy_request")]
    #[personal(category = Rights, purposes(Rights), keep(after = created, at = received_at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: CopyRequestId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(time)]
        pub received_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(time)]
        pub done_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}
