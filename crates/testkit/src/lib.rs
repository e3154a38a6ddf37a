//! The whole school for tests, and the client that tells its story from outside. Only tests depend on this crate.

mod backups;
pub mod client;
mod copy;
mod folder;
mod log;
mod mailbox;
pub mod markers;
pub mod partner;
mod people;
mod sabotage;
mod school;
mod stack;
mod studies;
mod wait;

pub use backups::Safe;
pub use client::{Answer, Client, ClientError};
pub use copy::Copy;
pub use folder::Folder;
/// What every service of the school holds.
pub use kolsai::data_map::holds;
pub use mailbox::Mailbox;
pub use people::{Consents, Person, letters};
pub use school::{School, school};
pub use stack::Stack;
pub use studies::{Course, key};
pub use wait::until;
