//! The way out to a key service: keys about nobody go there, and nothing else.

use contract::is_personal;
use egress::{RegisterError, Transfer, TransferRegister};

/// What is about a person has no entry here, and so does not leave.
pub(super) struct KeysOnly;

#[async_trait::async_trait]
impl TransferRegister for KeysOnly {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        match transfer.subject.is_none() && !transfer.classes.iter().any(|class| is_personal(*class)) {
            true => Ok(()),
            false => Err(RegisterError("only keys go to a key service, and they are about nobody".into())),
        }
    }
}
