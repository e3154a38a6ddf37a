//! Who has which role, until when.

foundation::typed_id! {
    /// One person's grant of one role.
    GrantId
}

pub mod role_grant {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, Sealed, category, schema};
    use sea_orm::entity::prelude::*;

    use super::GrantId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "role_grant")]
    #[personal(category = Account, purposes(Account, Security, Rights), keep(after = ended, at = revoked_at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: GrantId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(code)]
        pub role: i32,
        /// Why they need it.
        #[personal(free_text)]
        pub reason: Sealed<category::Account, str>,
        #[personal(time)]
        pub granted_at: Timestamp,
        #[personal(time)]
        pub until: Timestamp,
        /// Taken back, or run out.
        #[personal(time)]
        pub revoked_at: Option<Timestamp>,
        /// Nobody when the operator gave it.
        #[personal(other_person(on_erase = former_staff))]
        pub granted_by: Option<PersonId>,
        #[personal(version)]
        pub version: i64,
    }

    pub fn table() -> schema::Table {
        schema::table("role_grant", "id")
            .id("person")
            .code("role")
            .bytes("reason")
            .time("granted_at")
            .time("until")
            .optional_time("revoked_at")
            .optional_id("granted_by")
            .number("version")
            .index(&["person"])
            .index(&["revoked_at", "until"])
    }
}
