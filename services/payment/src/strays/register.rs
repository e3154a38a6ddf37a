//! Payment's transfer register. What is about a person goes into the register of people; what is about nobody leaves only when it
//! gives a stray payment back, whose own row then stands for the transfer.

use async_trait::async_trait;
use contract::{Class, Purpose};
use egress::{RegisterError, Transfer, TransferRegister};
use foundation::BoxError;
use personal_data::Db;

use super::rows::{self, PaymentKey};

/// What a refund without a person carries.
pub(crate) const CARRIED: &[Class] = &[Class::Id, Class::Payment];

pub(crate) struct Register {
    people: egress::Register,
    db: Db,
}

impl Register {
    pub(crate) fn new(db: Db) -> Self {
        Self { people: egress::Register::new(db.clone()), db }
    }

    /// The row was written, and its attempt counted, before the call: that is its entry.
    async fn is_of_a_stray(&self, transfer: &Transfer) -> Result<(), BoxError> {
        let stray = rows::find(&self.db, PaymentKey(transfer.id)).await?;
        let counted = stray.is_some_and(|stray| stray.attempts > 0);
        let carries = transfer.purpose == Purpose::Payment && transfer.classes.iter().all(|class| CARRIED.contains(class));
        if counted && carries { Ok(()) } else { Err("the transfer names nobody, and gives no stray payment back".into()) }
    }
}

#[async_trait]
impl TransferRegister for Register {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        match transfer.subject {
            Some(_) => self.people.record(transfer).await,
            None => self.is_of_a_stray(&transfer).await.map_err(RegisterError),
        }
    }
}
