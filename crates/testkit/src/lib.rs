//! The whole school for tests, and the client that tells its story from outside. Only tests depend on this crate.

pub mod client;
mod mailbox;
pub mod markers;
mod people;
mod school;
mod stack;
mod wait;

pub use client::{Answer, Client, ClientError};
pub use mailbox::Mailbox;
pub use people::{Consents, Person};
pub use school::{School, school};
pub use stack::Stack;
pub use wait::until;
