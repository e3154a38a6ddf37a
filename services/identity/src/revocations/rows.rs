//! The notes: what identity knows, whatever becomes of the cache.

pub mod revocation {
    use foundation::{Timestamp, uuid::Uuid};
    use personal_data::{PersonalData, schema};
    use sea_orm::entity::prelude::*;

    /// Kept for minutes: longer than any access token lives.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "revocation")]
    #[personal(
        none = "random identifiers of sessions and people whose tokens have ended, for a quarter of an hour",
        keep(after = ended, at = until, days = 0)
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, tombstone = "a token of somebody who was erased must open nothing; it goes within a quarter of an hour")]
        pub id: Uuid,
        #[personal(code)]
        pub whose: i32,
        #[personal(time)]
        pub until: Timestamp,
    }

    pub fn table() -> schema::Table {
        schema::table("revocation", "id").code("whose").time("until").index(&["until"])
    }
}
