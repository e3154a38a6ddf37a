//! What the way out is opened with.

use std::path::PathBuf;

use foundation::Mode;

use crate::{MailSink, RECIPIENTS, Recipient};

/// Settings of egress.
#[derive(Clone, Debug)]
pub struct Config {
    pub mode: Mode,
    pub mail: MailSink,
    /// A PEM file of the authorities that partners' certificates are checked against; without it, the system's.
    pub trusted_ca: Option<PathBuf>,
    /// To whom anything may go.
    pub recipients: &'static [&'static Recipient],
}

impl Config {
    /// With the school's declared recipients and the system's authorities.
    pub fn new(mode: Mode, mail: MailSink) -> Self {
        Self { mode, mail, trusted_ca: None, recipients: RECIPIENTS }
    }
}
