//! Identity: who somebody is, how they prove it, and who works for the school.
//!
//! An address is found by a blind index; names, e-mail, phone and profile are sealed under their owner's key. Passwords are
//! kept as Argon2id hashes, refresh tokens as SHA-256, links and access tokens not at all.

mod accounts;
mod config;
mod contacts;
mod demo;
mod first_administrator;
mod housekeeping;
mod links;
mod migrations;
#[cfg(test)]
#[path = "../../../crates/cache/tests/it/own_redis.rs"]
mod own_redis;
mod passwords;
mod reactions;
mod relation;
mod revocations;
mod secrets;
mod service;
mod sessions;
mod staff;
mod stores;
mod throttle;

/// The section `identity` as the settings know it when nobody says otherwise.
pub const DEFAULTS: &str = include_str!("defaults.toml");

pub use self::service::{InitError, NAME, holds, init};
pub use config::{Config, ConfigError};
pub use demo::DemoAccounts;
pub use migrations::Migrations;
