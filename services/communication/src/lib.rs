//! Communication: notices and newsletters by mail, tickets and their answers.
//!
//! - [`mail`]: what is due to be sent, and the worker that sends it; a row keeps no address, no name and no text.
//! - [`newsletter`]: consent, one-click unsubscription, issues. It cannot touch a notice.
//! - [`tickets`]: a question reaches a person, and the answer comes back.

mod config;
mod language;
pub mod mail;
mod migrations;
pub mod newsletter;
mod reactions;
mod service;
mod stores;
pub mod tickets;

pub use config::{Config, DEFAULTS};
pub use migrations::Migrations;
pub use service::{InitError, holds, init};

/// How the contract and the peers call this service.
pub const NAME: &str = "communication";
