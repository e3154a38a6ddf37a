//! Mailed links. The link itself is not stored: it is computed again from its row.

foundation::typed_id! {
    /// A mailed link. Random: it travels in the link.
    LinkId
}

pub mod link {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, schema};
    use sea_orm::entity::prelude::*;

    use super::LinkId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "link")]
    #[personal(category = Credentials, purposes(Account, Security, Rights), keep(after = ended, at = expires_at, days = 7), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: LinkId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(code)]
        pub kind: i32,
        #[personal(time)]
        pub issued_at: Timestamp,
        #[personal(time)]
        pub expires_at: Timestamp,
        #[personal(time)]
        pub used_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }

    pub fn table() -> schema::Table {
        schema::table("link", "id")
            .id("person")
            .code("kind")
            .time("issued_at")
            .time("expires_at")
            .optional_time("used_at")
            .number("version")
            .index(&["person"])
            .index(&["expires_at"])
    }
}
