//! The school as one process: every service composed behind the gateway. The binary `kolsai` and the tests start it here.

mod adapters;
mod school;

pub use school::{DEFAULTS, School, StartError};
