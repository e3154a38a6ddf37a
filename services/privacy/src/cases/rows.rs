//! What a person asked of the school, and what a person answered.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, Sealed, category, schema};

foundation::typed_id!(
    /// A case.
    CaseId
);

pub mod rights_case {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "rights_case")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: CaseId,
        #[personal(owner)]
        pub person: PersonId,
        /// As in the contract's list of requests.
        #[personal(code)]
        pub kind: i32,
        #[personal(free_text)]
        pub text: Sealed<category::Rights, str>,
        #[personal(time)]
        pub received_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(plain = "kz or eu: whose term governs")]
        pub regime: String,
        #[personal(plain = "the article that gives the term")]
        pub article: String,
        #[personal(code)]
        pub decision: i32,
        #[personal(free_text)]
        pub reason: Option<Sealed<category::Rights, str>>,
        #[personal(time)]
        pub answered_at: Option<Timestamp>,
        #[personal(time)]
        pub told_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("rights_case", "id")
            .id("person")
            .code("kind")
            .bytes("text")
            .time("received_at")
            .time("due_at")
            .text("regime")
            .text("article")
            .code("decision")
            .optional_bytes("reason")
            .optional_time("answered_at")
            .optional_time("told_at")
            .number("version")
            .index(&["person"])
            .index(&["answered_at", "due_at"]),
    ]
}
