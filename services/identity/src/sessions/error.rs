//! Why nobody was let in, and how that is told.

use foundation::Refusal;

use crate::{accounts::Invalid, passwords, revocations, throttle};

use super::signing::SigningError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the address or the password is wrong")]
    WrongCredentials,
    #[error("the account is not confirmed")]
    NotConfirmed,
    #[error("the refresh token is unknown, or its session has ended")]
    UnknownRefreshToken,
    #[error("the refresh token was traded in a moment ago")]
    RefreshRaced,
    #[error("the refresh token was traded in before")]
    RefreshReused,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Password(#[from] passwords::Error),
    #[error(transparent)]
    Throttled(#[from] throttle::Error),
    #[error(transparent)]
    Revocation(#[from] revocations::Error),
    #[error(transparent)]
    Signing(#[from] SigningError),
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
            Error::WrongCredentials => Self::unauthenticated("WRONG_CREDENTIALS", "the e-mail address or the password is wrong"),
            Error::NotConfirmed => Self::precondition("NOT_CONFIRMED", "confirm your address first: open the link that was mailed to you"),
            Error::UnknownRefreshToken => Self::unauthenticated("REFRESH_TOKEN_INVALID", "this session has ended; sign in again"),
            Error::RefreshRaced => Self::conflict("REFRESH_RACED", "this token was traded in a moment ago; go on with the newer one"),
            Error::RefreshReused => {
                Self::unauthenticated("REFRESH_TOKEN_REUSED", "this token was used before, so the session is ended; sign in again")
            }
            Error::Invalid(invalid) => invalid.into(),
            Error::Refused(refusal) => refusal,
            Error::Password(error) => error.into(),
            Error::Throttled(error) => error.into(),
            Error::Revocation(error) => error.into(),
            Error::Signing(error) => error.into(),
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
