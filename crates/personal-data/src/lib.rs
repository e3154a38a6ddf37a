//! The data map is the storage type: nothing reaches a database except through mapped entities, no purpose opens no
//! plaintext, and export, erasure and the access log run over the map, written once.

// The derive speaks of this crate by its name; so do its own rows.
extern crate self as personal_data;

pub mod access_log;
mod blind;
pub mod category;
mod db;
mod erased;
mod error;
pub mod holder;
pub mod idempotency;
pub mod keys;
pub mod map;
mod mapped;
pub mod own_access;
pub mod person_state;
pub mod query;
mod recorded;
mod relation;
pub mod retention;
pub mod schema;
mod sealed;
mod statement;
mod tx;
pub mod words;

pub use access_log::{AccessLog, AccessRecorder, Actor, Decision, Entry};
pub use blind::BlindIndex;
pub use db::{Db, DbOptions, Pool, Roles, SchemaBy, Unusable};
pub use erased::not_erased;
pub use error::Error;
pub use holder::Holds;
pub use idempotency::Idempotency;
pub use mapped::{Anonymous, Mapped, Personal};
pub use personal_data_derive::PersonalData;
pub use sealed::Sealed;
pub use serde_json::Value as JsonValue;
pub use statement::STATEMENTS;
pub use tx::Tx;

use sea_orm_migration::MigrationTrait;

/// The tables that every holder's database has, before its own.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        schema::migration("personal_data_0001", || vec![person_state::table(), idempotency::table(), access_log::table()]),
        Box::new(person_state::Expiry),
        schema::migration("personal_data_0002", || vec![recorded::table(), retention::objects_table(), retention::ticket::table()]),
        Box::new(relation::Relation),
    ]
}

/// The entities of these tables; `Holds` has them of itself.
pub(crate) type Tables =
    (person_state::Entity, idempotency::Entity, access_log::Entity, recorded::Entity, retention::ObjectRemoval, retention::ticket::Entity);
