//! Enrolment, instructors and progress over real engines: SQLite always, PostgreSQL when `KOLSAI_TEST_POSTGRES` says where.
#![allow(clippy::disallowed_methods, reason = "the tests look behind the scoped queries and read their own switch")]

#[path = "../../../../crates/personal-data/tests/it/engines.rs"]
mod engines;

mod facts;
mod instructors;
mod lessons;
mod map;
mod orders;
mod stage;
