//! The promises of the policy, each part shown from outside. `tests/promises.toml` has the parts.

mod copy;
pub mod erasure;
mod evidence;
pub mod learning;
mod log;
mod mail;
mod map;
mod officer;
mod passwords;
mod payment;
mod registration;
mod rights;
mod statistics;
mod ties;
mod transfers;
