//! The transfer register: who got what of whom, for what, and when; in the database of the service that sends.

pub mod rows;

use async_trait::async_trait;
use contract::Class;
use foundation::{BoxError, sabotage};
use personal_data::{Db, schema};

use crate::{RegisterError, Transfer, TransferRegister};
use rows::transfer;

/// The register in a service's own database. Clones write to the same.
#[derive(Clone)]
pub struct Register {
    db: Db,
}

impl Register {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    async fn write(&self, it: Transfer) -> Result<(), BoxError> {
        // Nothing of ours goes out that is about nobody: what names no person is a mistake, and does not leave.
        let person = it.subject.ok_or("the transfer names nobody")?;
        if sabotage::breaks("P16") {
            return Ok(());
        }
        // Refused here when the person's processing is restricted: nothing leaves then.
        let tx = self.db.begin_for("egress.register-transfer", person, it.purpose).await?;
        tx.insert_once::<transfer::Entity>(transfer::Model {
            id: it.id,
            person,
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
        self.write(transfer).await.map_err(RegisterError)
    }
}

/// The register's table, for the migrations of a service that sends.
pub fn table() -> schema::Table {
    schema::table("transfer", "id")
        .id("person")
        .text("recipient")
        .text("country")
        .code("purpose")
        .text("classes")
        .time("at")
        .index(&["person"])
}
