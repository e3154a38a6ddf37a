//! Analytics: how lessons are used, in numbers of groups.
//!
//! Facts come without a person, of ten learners or more together. They are counted into cells; when all facts of a period have come, its
//! small cells are hidden, every other one is given its noise, and the exact counts are deleted. Reports read what is left. Nothing here
//! is anybody's: there is nothing to erase.

pub mod cells;
mod config;
pub mod counting;
mod migrations;
pub mod reports;
mod service;

pub use config::{Config, ConfigError};
pub use migrations::{Migrations, Tables};
pub use service::{InitError, holds, init};

/// What settings hold when nobody says otherwise.
pub const DEFAULTS: &str = include_str!("defaults.toml");
