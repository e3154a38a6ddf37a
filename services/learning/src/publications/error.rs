//! Why something is not published, or not there.

use foundation::Refusal;

use super::rules::Unfit;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such submission of yours")]
    NoSuchSubmission,
    #[error("there is no such certificate of yours")]
    NoSuchCertificate,
    #[error("this work was not answered by an instructor yet; it can be published when it was")]
    NotReviewed,
    #[error("this is shown to this audience already; take it back first to show it in another way")]
    AlreadyPublished,
    #[error("there is no such work, or it is shown no longer")]
    NoSuchWork,
    #[error("you take no such course")]
    NoSuchCourse,
    #[error("consent is to the text that is published now, for this audience; read it again")]
    StaleConsentText,
    #[error("the text of the consent cannot be read at the moment; try again")]
    ConsentsAway,
    #[error("send the token of the page before, or none")]
    PageToken,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error(transparent)]
    Photograph(#[from] crate::submissions::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NoSuchSubmission => Self::not_found("NO_SUCH_SUBMISSION", text),
            Error::NoSuchCertificate => Self::not_found("NO_SUCH_CERTIFICATE", text),
            Error::NotReviewed => Self::precondition("NOT_REVIEWED", text),
            Error::AlreadyPublished => Self::precondition("ALREADY_PUBLISHED", text),
            Error::NoSuchWork => Self::not_found("NO_SUCH_WORK", text),
            Error::NoSuchCourse => Self::not_found("NO_SUCH_COURSE", text),
            Error::StaleConsentText => Self::precondition("STALE_CONSENT_TEXT", text).at_field("consent"),
            Error::ConsentsAway => Self::unavailable("CONSENTS_UNAVAILABLE", text),
            Error::PageToken => Self::invalid("INVALID_PAGE_TOKEN", "page_token", text),
            Error::Unfit(why) => {
                let (reason, field) = match why {
                    Unfit::Audience => ("NO_SUCH_AUDIENCE", "audience"),
                    Unfit::Title => ("INVALID_TITLE", "title"),
                    Unfit::SignedAs => ("INVALID_NAME", "signed_as"),
                    Unfit::PeopleNotSaid => ("PEOPLE_NOT_SAID", "recognisable_people"),
                    Unfit::PortraitConsentMissing => ("PORTRAIT_CONSENT_MISSING", "portrait_consents"),
                    Unfit::PortraitConsent => ("INVALID_PORTRAIT_CONSENT", "portrait_consents"),
                };
                Self::invalid(reason, field, text)
            }
            Error::Photograph(error) => error.into(),
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

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}
