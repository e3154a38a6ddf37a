//! The access logs, written out for an anchor outside and checked offline: the first broken, missing or forked record by name.

mod export;
mod file;
mod live;
mod verify;

use std::io;

pub use export::export;
pub use file::{Anchors, verify_file};
pub use live::verify_live;
pub use verify::{Finding, Verified};

/// Why logs could not be written out or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the log cannot be read from its database")]
    Database(#[from] personal_data::Error),
    #[error("the file cannot be read or written")]
    File(#[from] io::Error),
    #[error("an entry cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Found(#[from] Finding),
}
