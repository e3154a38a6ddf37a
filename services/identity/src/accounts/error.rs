//! Why an account could not be opened or changed, and how that is told.

use foundation::{Refusal, contact::Malformed};

use crate::{links, passwords, revocations, sessions, throttle};

/// What a person sent that may not stand. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{}", Malformed::Name)]
    Name { field: &'static str },
    #[error("{}", Malformed::Email)]
    Email,
    #[error("{}", Malformed::Phone)]
    Phone { field: &'static str },
    #[error("say which age group you belong to: UNDER_14, FROM_14_TO_17 or ADULT")]
    AgeBracket,
    #[error("children under 14 are registered by a parent; ask one to write to the school")]
    ParentMustRegister,
    #[error("from 14 to 17 a parent must consent, which cannot be done here yet; ask a parent to write to the school")]
    ParentMustConsent,
    #[error("choose `ru`, `kk` or `en`")]
    Language { field: &'static str },
    #[error("a password is 12 to 512 characters long")]
    PasswordLength { field: &'static str },
    #[error("this password is easy to guess; take a longer phrase without your name or address in it")]
    WeakPassword { field: &'static str },
    #[error("registration needs your consent to the policy (purpose ACCOUNT)")]
    ConsentMissing,
    #[error("one consent per purpose")]
    ConsentTwice,
    #[error("registration takes the consents ACCOUNT and NEWSLETTER, and no other")]
    UnexpectedConsent,
    #[error("the policy has changed since this text was shown; read the current one and consent to it")]
    StaleConsentText,
    #[error("say in update_mask which fields change: first_name, last_name, phone, language")]
    MaskMissing,
    #[error("update_mask may name first_name, last_name, phone and language")]
    MaskUnknown,
    #[error("a new e-mail address must be confirmed and is not changed here")]
    EmailNeedsConfirmation,
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let (reason, field) = match invalid {
            Invalid::Name { field } => (Malformed::Name.reason(), field),
            Invalid::Email => (Malformed::Email.reason(), "email"),
            Invalid::Phone { field } => (Malformed::Phone.reason(), field),
            Invalid::AgeBracket => ("INVALID_AGE_BRACKET", "age_bracket"),
            Invalid::ParentMustRegister => ("PARENT_MUST_REGISTER", "age_bracket"),
            Invalid::ParentMustConsent => ("PARENT_MUST_CONSENT", "age_bracket"),
            Invalid::Language { field } => ("INVALID_LANGUAGE", field),
            Invalid::PasswordLength { field } => ("INVALID_PASSWORD_LENGTH", field),
            Invalid::WeakPassword { field } => ("WEAK_PASSWORD", field),
            Invalid::ConsentMissing => ("CONSENT_REQUIRED", "consents"),
            Invalid::ConsentTwice => ("CONSENT_TWICE", "consents"),
            Invalid::UnexpectedConsent => ("UNEXPECTED_CONSENT", "consents"),
            Invalid::StaleConsentText => ("STALE_CONSENT_TEXT", "consents"),
            Invalid::MaskMissing => ("UPDATE_MASK_REQUIRED", "update_mask"),
            Invalid::MaskUnknown => ("UNKNOWN_FIELD", "update_mask"),
            Invalid::EmailNeedsConfirmation => {
                return Self::precondition("EMAIL_NEEDS_CONFIRMATION", invalid.to_string()).at_field("update_mask");
            }
        };
        Self::invalid(reason, field, invalid.to_string())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the published policy cannot be read")]
    PolicyAway,
    #[error("there is no such account")]
    NoSuchAccount,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Link(#[from] links::Error),
    #[error(transparent)]
    Password(#[from] passwords::Error),
    #[error(transparent)]
    Throttled(#[from] throttle::Error),
    #[error(transparent)]
    Revocation(#[from] revocations::Error),
    #[error(transparent)]
    Session(#[from] sessions::Error),
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
            Error::PolicyAway => Self::unavailable("POLICY_UNAVAILABLE", "the current policy cannot be read at the moment; try again"),
            Error::NoSuchAccount => Self::not_found("NO_SUCH_ACCOUNT", "there is no such account"),
            Error::Refused(refusal) => refusal,
            Error::Link(error) => error.into(),
            Error::Password(error) => error.into(),
            Error::Throttled(error) => error.into(),
            Error::Revocation(error) => error.into(),
            Error::Session(error) => error.into(),
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
