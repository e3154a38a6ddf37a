//! Why something did not leave. No message holds an address, a name or a text.

use contract::{Class, Purpose};
use foundation::{BoxError, Refusal};

use crate::{MailSinkError, RegisterError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nobody is declared as recipient `{0}`; declare them in crates/egress/src/recipient.rs")]
    UnknownRecipient(String),
    #[error("`{recipient}` is not declared to get {classes:?} for {purpose:?}; nothing was sent")]
    Undeclared { recipient: &'static str, purpose: Purpose, classes: Vec<Class> },
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error("a mail's {0} cannot be written as one")]
    Mail(&'static str),
    #[error("a newsletter needs its one-click unsubscribe link, and only a newsletter has one")]
    Unsubscribe,
    #[error("the mail folder cannot be used; see that it exists and is writable")]
    Folder(#[source] std::io::Error),
    #[error(transparent)]
    Sink(#[from] MailSinkError),
    #[error("this is for mail in a folder; mail that went to a relay is not kept")]
    NotAFolder,
    #[error("`{recipient}` refused it for good, with status {status}")]
    Rejected { recipient: &'static str, status: u16 },
    #[error("`{recipient}` was not reached; nothing was sent, try again")]
    NotReached {
        recipient: &'static str,
        #[source]
        cause: BoxError,
    },
    #[error("`{recipient}` did not answer; it may have got it: ask it, or send the same id again")]
    NotAnswered {
        recipient: &'static str,
        #[source]
        cause: BoxError,
    },
    #[error("the address of `{0}` is an absolute `https://` URL (`http://` only on loopback in development), without query")]
    PartnerAddress(&'static str),
    #[error("a path begins with a single `/` and stays with the partner")]
    Path,
    #[error("the trusted authorities cannot be read; give a PEM file of certificates")]
    Authorities(#[source] BoxError),
    #[error("this cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("`{recipient}` answered with something else than was agreed")]
    Answer {
        recipient: &'static str,
        #[source]
        cause: serde_json::Error,
    },
}

impl Error {
    /// Whether the same again may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Register(_) | Self::Folder(_) | Self::NotReached { .. } | Self::NotAnswered { .. })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        if error.is_transient() {
            tracing::warn!(error = %error, cause = std::error::Error::source(&error).map(tracing::field::display), "nothing left the house");
            return Self::unavailable("OUTSIDE_UNAVAILABLE", "somebody outside cannot be reached at the moment; try again");
        }
        Self::internal(&error)
    }
}
