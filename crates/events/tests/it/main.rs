//! Events from one service's database to another's, over real engines: SQLite always, PostgreSQL when
//! `KOLSAI_TEST_POSTGRES` says where, NATS when `KOLSAI_TEST_NATS` does.
#![allow(clippy::disallowed_methods, reason = "the tests look behind the scoped queries and read their own switch")]

extern crate kolsai_events as events;

#[path = "../../../personal-data/tests/it/engines.rs"]
mod engines;

mod delivery;
mod nats;
mod once;
mod patience;
mod people;
mod simulation;
mod stage;
mod trace;
