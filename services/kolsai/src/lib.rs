//! The school as one process: every service composed behind the gateway. The binary `kolsai` and the tests start it here.

mod adapters;
mod backed;
pub mod data_map;
mod school;

pub use backed::Backed;
pub use school::{DEFAULTS, School, StartError};
