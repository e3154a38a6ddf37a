//! The policy is the program: the published policy, consents, the rights of a person with their clocks and receipts,
//! what all access logs recorded, and, in a database of its own, the keyring.

mod accesses;
mod cases;
mod clocks;
mod complaints;
mod config;
mod consents;
mod copies;
mod erasures;
mod exceptions;
pub mod keyring;
mod migrations;
mod objections;
mod officers;
mod policy;
mod receipts;
mod rectifications;
mod requests;
mod restrictions;
mod reviews;
mod service;
mod states;
mod terms;
mod withdrawals;

pub use accesses::audit;
pub use clocks::{RunningOut, running_out};
pub use config::Config;
pub use copies::{CopyError, VerifiedCopy, verify_copy};
pub use migrations::Migrations;
pub use receipts::{VerifyError, verify};
pub use service::{InitError, erasures_under_way, holds, init};
pub use terms::{Calendar, CalendarError, DueDate, Length, Regime};
