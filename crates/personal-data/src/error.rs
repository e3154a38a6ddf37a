//! What can go wrong between a use case and personal data.

use contract::{Category, Purpose};
use foundation::Refusal;

/// Every refusal and failure of this crate. None holds a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Database(#[from] sea_orm::DbErr),
    /// Before a service begins; never in its work.
    #[error(transparent)]
    Unusable(#[from] crate::Unusable),
    #[error("`{0}` was changed by somebody else meanwhile")]
    Changed(&'static str),
    #[error("the person is erased")]
    Erased,
    #[error("processing of this person's data is restricted")]
    Restricted,
    #[error("consent for {} is withdrawn", .0.as_str_name())]
    Withdrawn(Purpose),
    #[error("{} data may not be opened for {}", category.as_str_name(), purpose.as_str_name())]
    Undeclared { category: Category, purpose: Purpose },
    #[error("no such person has a key")]
    NoSuchPerson,
    #[error("the keyring does not answer")]
    KeyringAway,
    #[error("a sealed value of {table}.{column} does not open")]
    DoesNotOpen { table: String, column: String },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("a transaction wrote about a person whom it did not admit")]
    NotAdmitted,
    #[error("the access log cannot be written")]
    AccessLog,
    #[error("a newer version of this service has declared more than this one knows of: it does this")]
    NotNewestMap,
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Whether the same call may succeed when it is made again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Changed(_) | Self::KeyringAway | Self::AccessLog | Self::NotNewestMap)
    }

    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match &error {
            Error::Changed(_) => Self::conflict("CHANGED_MEANWHILE", "somebody changed this meanwhile; read it again and try again"),
            Error::Erased | Error::NoSuchPerson => Self::not_found("NO_SUCH_PERSON", "there is no such person"),
            Error::Restricted => Self::precondition(
                "PROCESSING_RESTRICTED",
                "this person's data is restricted; it may be used again once the restriction is lifted",
            ),
            Error::Withdrawn(_) => Self::precondition("CONSENT_WITHDRAWN", "the person withdrew consent for this purpose"),
            Error::Undeclared { .. } => {
                Self::denied("PURPOSE_NOT_DECLARED", "the data map does not declare this purpose for this category")
            }
            Error::KeyringAway => Self::unavailable("KEYRING_UNAVAILABLE", "sealed data cannot be opened at the moment; try again"),
            Error::AccessLog => Self::unavailable("ACCESS_LOG_UNAVAILABLE", "the access cannot be recorded, so it is not given; try again"),
            Error::KeyReused => Self::invalid(
                "IDEMPOTENCY_KEY_REUSED",
                "idempotency_key",
                "this key was used for another request; use a new key for a new request",
            ),
            Error::NotNewestMap => Self::unavailable("NOT_NEWEST_MAP", "a newer version of this service does this; try again"),
            Error::Database(cause) => Self::internal(cause),
            Error::DoesNotOpen { .. } | Error::NotAdmitted | Error::Unusable(_) | Error::Internal(_) => Self::internal(&error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
