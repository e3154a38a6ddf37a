//! What is said when rows expire: that the person's were ended here, and that what a law kept of somebody erased is gone.

use contract::holder::v1::KeptItemDestroyed;
use foundation::PersonId;
use personal_data::{
    Error, Tx,
    person_state::{self, State},
    retention::{Expired, ExpiryNotes},
};

pub(crate) struct Notes;

#[async_trait::async_trait]
impl ExpiryNotes for Notes {
    async fn note_in_tx(&self, tx: &Tx, expired: &Expired) -> Result<(), Error> {
        // In one order on every replica, so that no two wait for each other.
        let mut owners: Vec<PersonId> = expired.rows.iter().filter_map(|(_, owner)| *owner).collect();
        owners.sort();
        owners.dedup();
        let mut erased = Vec::new();
        for owner in owners {
            match person_state::known_in_tx(tx, owner).await? {
                (State::Erased, _) => erased.push(owner),
                _ => person_state::note_expired_in_tx(tx, owner).await?,
            }
        }
        let Some(law) = expired.law else { return Ok(()) };
        for (item, owner) in &expired.rows {
            let Some(owner) = owner.filter(|owner| erased.contains(owner)) else { continue };
            let event = KeptItemDestroyed {
                item_id: item.to_string(),
                person_id: owner.to_string(),
                holder: tx.service().to_owned(),
                table: expired.table.to_owned(),
                law: law.to_owned(),
                destroyed_at: Some(tx.clock().now().to_proto()),
                version: 1,
            };
            events::announce_in_tx(tx, event).await?;
        }
        Ok(())
    }
}
