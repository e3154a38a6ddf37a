//! Why a ticket could not be opened, read, taken or answered.

use std::time::Duration;

use foundation::{Refusal, contact::Malformed};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such ticket")]
    NoSuchTicket,
    #[error("somebody else has this ticket; choose another one from the queue")]
    TakenByAnother,
    #[error("this ticket is not assigned to you; take it first")]
    NotYours,
    #[error("this ticket is closed; it opens again when its sender writes on")]
    Closed,
    #[error("write 1 to 5000 characters")]
    Text,
    #[error("{}", Malformed::Name)]
    Name,
    #[error("{}", Malformed::Email)]
    Email,
    #[error("the language is `ru`, `kk` or `en`")]
    Language,
    #[error("say what it is about")]
    Topic,
    #[error("this page token is not one of ours; begin without one")]
    PageToken,
    #[error("this address has written often lately; try again later")]
    TooMany(Duration),
    #[error(transparent)]
    Cache(#[from] cache::CacheError),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NoSuchTicket => Self::not_found("NO_SUCH_TICKET", text),
            Error::TakenByAnother => Self::precondition("TICKET_TAKEN", text),
            Error::NotYours => Self::denied("NO_TIE", text),
            Error::Closed => Self::precondition("TICKET_CLOSED", text),
            Error::Text => Self::invalid("INVALID_TEXT", "text", text),
            Error::Name => Self::invalid(Malformed::Name.reason(), "name", text),
            Error::Email => Self::invalid(Malformed::Email.reason(), "email", text),
            Error::Language => Self::invalid("UNKNOWN_LANGUAGE", "language", text),
            Error::Topic => Self::invalid("UNKNOWN_TOPIC", "topic", text),
            Error::PageToken => Self::invalid("INVALID_PAGE_TOKEN", "page_token", text),
            Error::TooMany(wait) => Self::exhausted("TOO_MANY_MESSAGES", text, wait),
            // Closed: every letter makes a person and mails to an address that nobody proved, and nothing else would hold that back.
            Error::Cache(_) => Self::unavailable("CONTACT_FORM_UNAVAILABLE", "letters cannot be taken at the moment; try again"),
            Error::Data(error) => error.into(),
            Error::Refused(refusal) => refusal,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
