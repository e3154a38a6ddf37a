//! Why a consent is not recorded.

use foundation::Refusal;

use super::text::{Item, Lacks};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A consent that lacks any of the eight things is invalid (94-V art. 8).
    #[error("the consent lacks `{}`", .0.name())]
    Lacks(Item),
    #[error("consent is to a text that was published")]
    UnknownText,
    #[error("consent is to the text that is published now; read it again")]
    StaleText,
    #[error("this consent is not given here")]
    UnexpectedPurpose,
    /// The account is gone, or was never confirmed.
    #[error("there is no such person any more")]
    Gone,
    #[error("identity does not say what the person is called at the moment; try again")]
    IdentityAway,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Lacks> for Error {
    fn from(lacks: Lacks) -> Self {
        Self::Lacks(lacks.item)
    }
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
            Error::Lacks(item) => Self::invalid("CONSENT_LACKS_ITEM", item.name(), text),
            Error::UnknownText | Error::StaleText => Self::precondition("STALE_CONSENT_TEXT", text),
            Error::UnexpectedPurpose => {
                Self::invalid("UNEXPECTED_CONSENT", "purpose", "ACCOUNT is given here; the newsletter is subscribed to")
            }
            Error::Gone => Self::not_found("NO_SUCH_PERSON", text),
            Error::IdentityAway => Self::unavailable("IDENTITY_UNAVAILABLE", text),
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
