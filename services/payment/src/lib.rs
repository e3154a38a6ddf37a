//! Payment: orders in tenge, the partner's page, notifications and questions, a state machine and a double-entry ledger in one
//! transaction, and the event that opens a course. Card details are given to the partner alone; nothing here has a place for them.

mod config;
mod events;
mod ledger;
mod migrations;
mod notifications;
mod orders;
mod partner;
pub mod sandbox;
mod secret;
mod service;
mod strays;
#[cfg(test)]
mod testing;

pub use self::service::{InitError, holds, init};
pub use config::{Config, ConfigError, DEFAULTS};
pub use migrations::Migrations;
pub use secret::Secret;
