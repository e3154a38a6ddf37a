//! The consent ledger.

use foundation::{PersonId, Timestamp};
use personal_data::PersonalData;

pub mod consent {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "consent")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "the version of a published text")]
        pub text_version: String,
        #[personal(plain = "the hash of a published text")]
        pub text_hash: String,
        #[personal(plain = "ru, kk or en: the text's language")]
        pub language: String,
        #[personal(time)]
        pub given_at: Timestamp,
        #[personal(time)]
        pub withdrawn_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}
