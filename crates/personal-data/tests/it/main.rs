//! Behaviour of the mapped storage over real engines: SQLite always, PostgreSQL when `KOLSAI_TEST_POSTGRES` says where.
#![allow(clippy::disallowed_methods, reason = "the tests look behind the scoped queries and read their own switch")]

// The derive speaks of this crate by its name in the house.
extern crate kolsai_personal_data as personal_data;

mod access_log;
mod changes;
mod crashes;
mod engines;
mod erasure;
mod holder;
mod idempotency;
mod keyring;
mod keys;
mod mentions;
mod migrating;
mod plans;
mod recorded;
mod retention;
mod roles;
mod rows;
mod schema;
mod sealed;
mod states;
mod unusable;
mod words;
