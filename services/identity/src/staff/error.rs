//! Why a role was not given or taken back, and how that is told.

use foundation::Refusal;

use crate::{accounts, sessions};

/// What an administrator sent that may not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("name the person either by e-mail or by person_id")]
    Person,
    #[error("choose INSTRUCTOR, SUPPORT, ANALYST, PRIVACY_OFFICER or ADMINISTRATOR")]
    Role,
    #[error("say until when: after now, and at most a year from now")]
    Until,
    #[error("say why in 1 to 500 characters")]
    Reason,
    #[error("send the page token as it was given to you, or none")]
    PageToken,
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let (reason, field) = match invalid {
            Invalid::Person => ("INVALID_PERSON", "email"),
            Invalid::Role => ("INVALID_ROLE", "role"),
            Invalid::Until => ("INVALID_UNTIL", "until"),
            Invalid::Reason => ("INVALID_REASON", "reason"),
            Invalid::PageToken => ("INVALID_PAGE_TOKEN", "page_token"),
        };
        Self::invalid(reason, field, invalid.to_string())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such account")]
    NoSuchAccount,
    #[error("the account is not confirmed")]
    NotConfirmed,
    #[error("there is no such grant")]
    NoSuchGrant,
    #[error("nobody gives roles to themselves or takes their own")]
    Oneself,
    #[error(transparent)]
    Account(#[from] accounts::Invalid),
    #[error(transparent)]
    Session(#[from] sessions::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => invalid.into(),
            Error::NoSuchAccount => Self::not_found("NO_SUCH_ACCOUNT", "there is no such account; the person registers first"),
            Error::NotConfirmed => Self::precondition("NOT_CONFIRMED", "the person confirms their address first"),
            Error::NoSuchGrant => Self::not_found("NO_SUCH_GRANT", "there is no such grant"),
            Error::Oneself => Self::denied("OWN_ROLE", "your own roles are given and taken by another administrator"),
            Error::Account(invalid) => invalid.into(),
            Error::Session(error) => error.into(),
            Error::Refused(refusal) => refusal,
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
