//! The transfer register: what left, to whom, what for. Written before it leaves.

use contract::{Class, Purpose};
use foundation::{PersonId, Timestamp};
use uuid::Uuid;

/// One transfer to a recipient outside. Says which classes left, never their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The same for every attempt at the same transfer: a register keeps one entry for it.
    pub id: Uuid,
    /// The declared recipient's name.
    pub recipient: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    pub purpose: Purpose,
    /// Sorted, each once.
    pub classes: Vec<Class>,
    /// Whom the data is about, when it is about somebody.
    pub subject: Option<PersonId>,
    pub at: Timestamp,
}

/// Keeps the register. Recording the same id again succeeds and changes nothing.
#[async_trait::async_trait]
pub trait TransferRegister: Send + Sync {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError>;
}

/// The register could not be written, so nothing leaves.
#[derive(Debug, thiserror::Error)]
#[error("the transfer register cannot be written")]
pub struct RegisterError(#[source] pub foundation::BoxError);
