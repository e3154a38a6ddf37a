//! What can go wrong on a photograph's way in, and how it leaves the house.

use foundation::Refusal;
use photograph::Unusable;

use super::rules;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such assignment for this person")]
    NoSuchAssignment,
    #[error("there is no such submission of this person")]
    NoSuchSubmission,
    #[error("there is no such upload of this person, or nothing was uploaded")]
    NoSuchUpload,
    #[error("another call has this upload in work")]
    InWork,
    #[error("all {0} photographs were sent")]
    Enough(u32),
    #[error("the file is larger than 80 MB or empty")]
    Size,
    #[error("the note is too long")]
    Note,
    #[error("there is no rendition of this size")]
    NoSuchSize,
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    Objects(#[from] objects::Error),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
    #[error("taking the photograph in took too long")]
    TooSlow,
    #[error("taking the photograph in broke off")]
    BrokeOff,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchAssignment => Self::not_found("NO_SUCH_ASSIGNMENT", "there is no such assignment in your courses"),
            Error::NoSuchSubmission => Self::not_found("NO_SUCH_SUBMISSION", "there is no such submission"),
            Error::NoSuchUpload => {
                Self::not_found("NO_SUCH_UPLOAD", "there is no such upload: prepare one, put the file there, then send it in")
                    .at_field("upload_id")
            }
            Error::InWork => Self::conflict("UPLOAD_IN_WORK", "this upload is being taken in by another call; try again in a moment"),
            Error::Enough(most) => {
                Self::precondition("ENOUGH_PHOTOGRAPHS", format!("this assignment takes {most}, and you have sent as many"))
            }
            Error::Size => {
                Self::invalid("INVALID_SIZE", "size_bytes", format!("say how large the file is: from 1 to {} bytes", rules::MOST_BYTES))
            }
            Error::Note => Self::invalid("NOTE_TOO_LONG", "note", format!("write at most {} characters", rules::LONGEST_NOTE)),
            Error::NoSuchSize => Self::invalid("NO_SUCH_SIZE", "size", "ask for 2048 or 512"),
            Error::Unusable(why) => Self::invalid(reason(why), "upload_id", why.to_string()),
            Error::Objects(error) => error.into(),
            Error::Data(error) => error.into(),
            Error::TooSlow => Self::unavailable("PHOTOGRAPHS_BUSY", "too many photographs are being taken in at the moment; try again"),
            Error::BrokeOff => Self::internal(&error),
        }
    }
}

const fn reason(why: Unusable) -> &'static str {
    match why {
        Unusable::NotAPhotograph => "NOT_A_PHOTOGRAPH",
        Unusable::Unsupported => "UNSUPPORTED_PHOTOGRAPH",
        Unusable::Damaged => "DAMAGED_PHOTOGRAPH",
        Unusable::TooLarge => "TOO_LARGE_DIMENSIONS",
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}
