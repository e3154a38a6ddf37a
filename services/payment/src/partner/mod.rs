//! The payment partner: what is said to it, what it says, and how both are signed.

mod client;
pub(crate) mod protocol;
pub(crate) mod signature;

pub(crate) use client::{Asked, Partner, Placed, Placing};
