//! The school: its services composed behind the gateway, in one process or in several. The binary `kolsai` and the tests start it here.

mod adapters;
mod backed;
pub mod data_map;
mod school;

pub use backed::Backed;
pub use school::{DEFAULTS, School, StartError, gateway_config};
