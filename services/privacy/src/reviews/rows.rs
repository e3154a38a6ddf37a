//! Reviews, what they look at, and who signed. Nobody is named: handles are random and lead to people in the keyring only.

use foundation::Timestamp;
use personal_data::{PersonalData, schema};

foundation::typed_id!(
    /// A review of the access logs.
    ReviewId
);
foundation::typed_id!(
    /// One thing that a review looks at.
    ItemId
);
foundation::typed_id!(
    /// A signature under items of a review.
    SignatureId
);

pub mod review {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// A period that was looked at. One without items had nothing to look into.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "review")]
    #[personal(none = "periods, numbers and times of reviews")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: ReviewId,
        #[personal(code)]
        pub kind: i32,
        #[personal(time)]
        pub from_at: Timestamp,
        #[personal(time)]
        pub to_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(time)]
        pub signed_at: Option<Timestamp>,
        #[personal(measure)]
        pub items: i64,
        #[personal(measure)]
        pub unsigned: i64,
        /// Whether the officers were told that it is overdue.
        #[personal(measure)]
        pub told_overdue: bool,
        #[personal(plain = "a signature over hashes: the seed of the sample")]
        pub seed: String,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod review_item {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "review_item")]
    #[personal(none = "links to entries of access logs and to exceptions, which name people themselves where they do")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: ItemId,
        #[personal(link)]
        pub review: Uuid,
        #[personal(code)]
        pub rule: i32,
        /// An entry of a log, or an exception.
        #[personal(link)]
        pub about: Uuid,
        #[personal(measure)]
        pub found: i64,
        #[personal(link)]
        pub signature: Option<Uuid>,
        #[personal(measure)]
        pub justified: bool,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod review_signature {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "review_signature")]
    #[personal(none = "a random handle, a role, and a finding that was checked to name nobody")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: SignatureId,
        #[personal(link)]
        pub review: Uuid,
        #[personal(plain = "a random handle of the signer in privacy's log")]
        pub signer_handle: String,
        #[personal(plain = "what was looked into and found; addresses, numbers and identifiers are refused")]
        pub finding: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("review", "id")
            .code("kind")
            .time("from_at")
            .time("to_at")
            .time("due_at")
            .optional_time("signed_at")
            .number("items")
            .number("unsigned")
            .flag("told_overdue")
            .text("seed")
            .number("version")
            .unique(&["kind", "from_at"])
            .index(&["signed_at", "due_at"]),
        schema::table("review_item", "id")
            .id("review")
            .code("rule")
            .id("about")
            .number("found")
            .optional_id("signature")
            .flag("justified")
            .number("version")
            .index(&["review"])
            .index(&["about"]),
        schema::table("review_signature", "id").id("review").text("signer_handle").text("finding").time("at").index(&["review"]),
    ]
}
