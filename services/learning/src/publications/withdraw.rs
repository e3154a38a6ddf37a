//! Taking it back: the row goes, and with it everything that could show the work.

use contract::{Purpose, learning::v1::PublicationWithdrawn};
use events::announce_in_tx;
use foundation::{PersonId, sabotage};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    Error, Publications,
    rows::{Column, Entity, Model},
};
use crate::ids::PublicationId;

impl Publications {
    /// Ends one publication of the person's. One that is not there was taken back before.
    pub async fn withdraw(&self, person: PersonId, id: PublicationId) -> Result<(), Error> {
        if sabotage::breaks("P12") {
            return Ok(());
        }
        let tx = self.db.begin_for("learning.withdraw-publication", person, Purpose::Rights).await?;
        let own = query::of::<Entity>(person, Purpose::Rights).filter(Column::Id.eq(id));
        if let Some(row) = own.one(&tx).await? {
            end_in_tx(&tx, &row).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Ends everything that a person shows to anybody and published before this version of their state.
pub(super) async fn end_all_in_tx(tx: &Tx, person: PersonId, before: i64) -> Result<(), personal_data::Error> {
    for row in query::of::<Entity>(person, Purpose::Rights).filter(Column::StateSeen.lt(before)).all(tx).await? {
        end_in_tx(tx, &row).await?;
    }
    Ok(())
}

async fn end_in_tx(tx: &Tx, row: &Model) -> Result<(), personal_data::Error> {
    tx.delete::<Entity>(row).await?;
    let event = PublicationWithdrawn {
        publication_id: row.id.to_string(),
        learner_id: row.learner_id.to_string(),
        consent_id: row.consent_id.to_string(),
        withdrawn_at: Some(tx.clock().now().to_proto()),
        version: row.version + 1,
    };
    announce_in_tx(tx, event).await
}
