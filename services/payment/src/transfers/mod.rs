//! The transfer register of payment: what went to the partner, written before it went.

pub(crate) mod rows;

use contract::{Class, Purpose};
use egress::{RegisterError, Transfer, TransferRegister};
use personal_data::{Db, Error};

use rows::transfer;

/// The register in payment's own database.
#[derive(Clone)]
pub(crate) struct Transfers {
    pub db: Db,
}

#[async_trait::async_trait]
impl TransferRegister for Transfers {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        self.try_record(transfer).await.map_err(|error| RegisterError(error.into()))
    }
}

impl Transfers {
    async fn try_record(&self, it: Transfer) -> Result<(), Error> {
        let person = it.subject.ok_or_else(|| Error::Internal("payment sends nothing that is about nobody".into()))?;
        // Refused here when the person's processing is restricted: nothing leaves then.
        let tx = self.db.begin_for("payment.register-transfer", person, Purpose::Payment).await?;
        let row = transfer::Model {
            id: it.id,
            person_id: person,
            recipient: it.recipient.to_owned(),
            country: it.country.to_owned(),
            purpose: it.purpose.into(),
            classes: it.classes.iter().map(Class::as_str_name).collect::<Vec<_>>().join(","),
            sent_at: it.at,
        };
        tx.insert_once::<transfer::Entity>(row).await?;
        tx.commit().await
    }
}
