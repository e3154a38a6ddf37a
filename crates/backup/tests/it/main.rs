//! Backups of a small house: two services and a keyring on SQLite, a folder of objects, keys, and a ledger.

mod bad;
mod bucket;
mod house;
mod settings;
mod whole;
