//! The policy is the program: the published policy, consents, the rights of a person with their clocks and receipts,
//! what all access logs recorded, and, in a database of its own, the keyring.

mod accesses;
mod config;
mod consents;
mod copies;
mod erasures;
pub mod keyring;
mod migrations;
mod policy;
mod receipts;
mod requests;
mod service;
mod terms;

pub use config::Config;
pub use receipts::{VerifyError, verify};
pub use service::{InitError, init};
pub use terms::{Calendar, DueDate};
