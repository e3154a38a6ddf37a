//! The register's rows.

use foundation::{PersonId, Timestamp};
use personal_data::PersonalData;

pub mod transfer {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// One transfer of somebody's data to a recipient outside, however often it was tried: which classes left, never their values.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "transfer")]
    #[personal(category = Rights, purposes(Rights), keep(after = created, at = at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(plain = "the name of a declared recipient")]
        pub recipient: String,
        #[personal(plain = "a country code, ISO 3166-1 alpha-2")]
        pub country: String,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "names of data classes")]
        pub classes: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}
