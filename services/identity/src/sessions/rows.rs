//! Sessions: who is signed in, and which refresh token is the current one.

foundation::typed_id! {
    /// A session. Random: access tokens carry it.
    SessionId
}

pub mod session {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, schema};
    use sea_orm::entity::prelude::*;

    use super::SessionId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "session")]
    #[personal(category = Credentials, purposes(Account, Security, Rights), keep(after = ended, at = expires_at, days = 0), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: SessionId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(secret = "SHA-256 of the current refresh token, which is random")]
        pub refresh: Vec<u8>,
        /// 32 bytes each, the latest at the end.
        #[personal(secret = "SHA-256 of refresh tokens that were traded in: one of them presented again ends the session")]
        pub spent: Vec<u8>,
        #[personal(time)]
        pub rotated_at: Option<Timestamp>,
        #[personal(time)]
        pub signed_in_at: Timestamp,
        #[personal(time)]
        pub last_used_at: Timestamp,
        #[personal(time)]
        pub expires_at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }

    pub fn table() -> schema::Table {
        schema::table("session", "id")
            .id("person")
            .bytes("refresh")
            .bytes("spent")
            .optional_time("rotated_at")
            .time("signed_in_at")
            .time("last_used_at")
            .time("expires_at")
            .number("version")
            .index(&["person"])
            .index(&["expires_at"])
    }
}
