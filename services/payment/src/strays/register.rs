//! Payment's transfer register. What is about a person goes into the register of people; what is about nobody leaves only when it
//! gives a stray payment back or closes one: that has a register of its own.

use async_trait::async_trait;
use contract::{Class, Purpose};
use egress::{RegisterError, Transfer, TransferRegister};
use foundation::BoxError;
use personal_data::Db;

use super::rows::{self, PaymentKey, stray_transfer};

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

    /// The stray payment's row was written, and its attempt counted, before the call.
    async fn write_of_a_stray(&self, it: Transfer) -> Result<(), BoxError> {
        const NONE: &str = "the transfer names nobody, and neither gives a stray payment back nor closes one";
        let tx = self.db.begin("payment.register-transfer-of-nobody").await?;
        let key = PaymentKey(it.id);
        let stray = match rows::find(&tx, key).await? {
            None => rows::find(&tx, key.cancelling()).await?,
            found => found,
        };
        let stray = stray.filter(|stray| stray.attempts > 0).ok_or(NONE)?;
        if it.purpose != Purpose::Payment || !it.classes.iter().all(|class| CARRIED.contains(class)) {
            return Err(NONE.into());
        }
        tx.insert_once::<stray_transfer::Entity>(stray_transfer::Model {
            id: it.id,
            stray: stray.id,
            recipient: it.recipient.to_owned(),
            country: it.country.to_owned(),
            purpose: it.purpose.into(),
            classes: it.classes.iter().map(Class::as_str_name).collect::<Vec<_>>().join(","),
            at: it.at,
        })
        .await?;
        Ok(tx.commit_quietly().await?)
    }
}

#[async_trait]
impl TransferRegister for Register {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        match transfer.subject {
            Some(_) => self.people.record(transfer).await,
            None => self.write_of_a_stray(transfer).await.map_err(RegisterError),
        }
    }
}
