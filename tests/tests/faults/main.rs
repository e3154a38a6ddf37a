//! Crashes: `kill -9` at every named failpoint, a restart, and nothing is lost and nothing doubled.
//!
//! `make test` runs a sample; `make faults` all of it. `KOLSAI_FAULTS=seed:7` repeats a sample, and `KOLSAI_FAULTS=name,name:3,other.*`
//! crashes there alone.

#[path = "../../src/story/answers.rs"]
mod answers;
mod asking;
mod choice;
mod crashes;
mod database;
mod evidence;
mod list;
mod listed;
mod mails;
mod process;
mod remains;
mod sources;
mod walk;
