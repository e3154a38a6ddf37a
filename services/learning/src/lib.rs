//! Learning: courses, and what learners do in them.
//!
//! A paid order enrols; lessons are read and tests taken; a photograph is sent in, sealed, and answered by the learner's
//! own instructor; who has done all of it is given a certificate.

pub mod attempts;
pub mod catalogue;
pub mod certificates;
mod config;
pub mod enrolments;
pub mod facts;
pub mod ids;
mod migrations;
pub mod publications;
mod service;
pub mod study;
pub mod submissions;
pub mod teaching;

pub use config::{Config, ConfigError};
pub use migrations::{Migrations, Tables};
pub use service::{InitError, holds, init};

/// What settings hold when nobody says otherwise.
pub const DEFAULTS: &str = include_str!("defaults.toml");
