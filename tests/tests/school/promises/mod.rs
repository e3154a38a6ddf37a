//! The promises of the policy, each part shown from outside. `tests/promises.toml` has the parts.

mod copy;
pub mod erasure;
mod log;
mod map;
mod registration;
