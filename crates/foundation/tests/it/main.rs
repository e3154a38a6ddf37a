//! Behaviour of what everyone stands on.
#![allow(clippy::disallowed_methods, reason = "a test of the failpoints starts itself again with a switch in its environment")]

extern crate kolsai_foundation as foundation;

mod failpoints;
mod ids;
mod metrics;
mod refusals;
mod time;
mod trace;
mod transport;
