//! Writes the generated part of the contract crate: descriptors, messages, services, redacting `Debug`, events, modules.
//!
//! `cargo run -p kolsai-contract-codegen` regenerates everything; with `--check` it writes nothing and names what has drifted.

mod compile;
mod debug;
mod error;
mod events;
mod files;
mod model;
mod modules;
mod options;
mod source;

pub use error::Error;
pub use files::{Difference, Layout, Output, differences, generate, write};
