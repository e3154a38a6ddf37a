//! The keyring's tables. They hold no data about people, only keys to it, and tombstones.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, person_state::State, schema};

use sea_orm::{
    DbErr,
    sea_query::{Alias, ColumnDef, Index, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::wrapping::Wrapped;

pub mod person_key {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "person_key")]
    #[personal(none = "a random identifier and a wrapped key; the key goes on erasure and the identifier stays as a tombstone")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, tombstone = "an erased person never gets another key")]
        pub person: PersonId,
        #[personal(secret = "the person's key, wrapped by the key-encryption key; empty once destroyed")]
        pub wrapped: Option<Vec<u8>>,
        #[personal(plain = "the name of the key-encryption key that wraps it")]
        pub wrapped_by: String,
        #[personal(code)]
        pub state: i32,
        #[personal(measure)]
        pub withdrawn: i64,
        #[personal(measure)]
        pub seen: i64,
        #[personal(time)]
        pub created_at: Timestamp,
        #[personal(time)]
        pub destroyed_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }

    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("<person key>")
        }
    }

    impl Model {
        /// Nothing opens what is empty.
        pub fn wrapped(&self) -> Wrapped {
            Wrapped { bytes: self.wrapped.clone().unwrap_or_default(), by: self.wrapped_by.clone() }
        }
    }
}

/// The only place where a handle of an access log leads to a person.
pub mod handle {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "handle")]
    #[personal(none = "random handles; they go with the person's key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub handle: Uuid,
        #[personal(link)]
        pub person: Uuid,
        #[personal(plain = "the name of a service")]
        pub service: String,
    }
}

/// Keys lent, per handle (a person in a service), category, purpose and hour.
pub mod key_grant {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "key_grant")]
    #[personal(none = "random handles, which lead to nobody once the key is destroyed")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub handle: Uuid,
        #[personal(code)]
        pub category: i32,
        #[personal(code)]
        pub purpose: i32,
        #[personal(time)]
        pub hour: Timestamp,
        /// The first time within that hour.
        #[personal(time)]
        pub first_at: Timestamp,
    }
}

pub mod index_key {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "index_key")]
    #[personal(none = "one wrapped key per service")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the name of a service")]
        pub service: String,
        #[personal(secret = "wrapped by the key-encryption key")]
        pub wrapped: Vec<u8>,
        #[personal(plain = "the name of the key-encryption key that wraps it")]
        pub wrapped_by: String,
    }

    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("<index key>")
        }
    }
}

pub fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("person_key", "person")
            .optional_bytes("wrapped")
            .code("state")
            .number("withdrawn")
            .number("seen")
            .time("created_at")
            .optional_time("destroyed_at")
            .number("version"),
        schema::table("handle", "handle").id("person").text("service").unique(&["person", "service"]),
        schema::table("key_grant", "id").id("handle").code("category").code("purpose").time("hour").index(&["handle"]),
        schema::table("index_key", "id").text("service").bytes("wrapped"),
    ]
}

/// Says of each wrapped key what wraps it. Those of before have no name yet.
pub struct WrappedBy;

impl MigrationName for WrappedBy {
    fn name(&self) -> &str {
        "keyring_0060"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for WrappedBy {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["person_key", "index_key"] {
            let mut column = ColumnDef::new(Alias::new("wrapped_by"));
            column.text().not_null().default("");
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(&mut column).to_owned()).await?;
        }
        let mut index = Index::create();
        index.name("person_key_wrapped_by").table(Alias::new("person_key")).col(Alias::new("wrapped_by"));
        manager.create_index(index).await
    }
}

pub fn state_of(row: &person_key::Model) -> State {
    State::of(row.state)
}
