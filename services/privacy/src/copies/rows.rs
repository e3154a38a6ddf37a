//! Receipts of copies.

use foundation::{PersonId, Timestamp};
use personal_data::PersonalData;

pub mod copy_receipt {
    use sea_orm::entity::prelude::*;

    use super::*;
    use crate::requests::rows::CopyRequestId;

    /// How a request for a copy ended. The archive itself is kept nowhere.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "copy_receipt")]
    #[personal(category = Rights, purposes(Rights), keep(after = created, at = at, years = 3), erase = delete)]
    pub struct Model {
        /// The request's.
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: CopyRequestId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(plain = "a receipt: times and hashes, and nothing of the person")]
        pub document: String,
        #[personal(plain = "Ed25519 over the document")]
        pub signature: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}
