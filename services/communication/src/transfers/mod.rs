//! The transfer register of this service: who got what of whom, for what, and when.

pub mod rows;

use async_trait::async_trait;
use egress::{RegisterError, Transfer, TransferRegister};
use personal_data::{Db, schema};
use rows::transfer;

/// Keeps the register in the service's own database, and goes with the person: the row says nothing once nobody is meant.
pub struct Register {
    db: Db,
}

impl Register {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    async fn write(&self, transfer: Transfer) -> Result<(), foundation::BoxError> {
        // Every mail of this service goes to somebody: one that names nobody is a mistake, and does not leave.
        let person = transfer.subject.ok_or("the transfer names nobody")?;
        let classes: Vec<_> = transfer.classes.iter().map(|class| class.as_str_name()).collect();
        let row = transfer::Model {
            id: transfer.id,
            person,
            recipient: transfer.recipient.to_owned(),
            country: transfer.country.to_owned(),
            purpose: transfer.purpose as i32,
            classes: classes.join(","),
            at: transfer.at,
        };
        let tx = self.db.begin_for("communication.register-transfer", person, transfer.purpose).await?;
        tx.insert_once::<transfer::Entity>(row).await?;
        Ok(tx.commit_quietly().await?)
    }
}

#[async_trait]
impl TransferRegister for Register {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        self.write(transfer).await.map_err(RegisterError)
    }
}

pub(crate) fn table() -> schema::Table {
    schema::table("transfer", "id")
        .id("person")
        .text("recipient")
        .text("country")
        .code("purpose")
        .text("classes")
        .time("at")
        .index(&["person"])
}
