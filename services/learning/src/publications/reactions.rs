//! What privacy tells: a consent is in the ledger, or consent to publication was taken back as a whole.

use async_trait::async_trait;
use contract::{
    Purpose,
    privacy::v1::{ConsentRecorded, PersonStateChanged},
};
use events::{Reaction, ReactionError};
use foundation::PersonId;
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    rows::{Column, Entity},
    withdraw::end_all_in_tx,
};
use crate::ids::ConsentId;

/// From now on it is shown.
pub struct ShowOnRecord;

/// Consent to publication was for each work; taking it back as a whole ends each, for good.
pub struct TakeDownOnWithdrawal;

fn person(id: &str) -> Result<PersonId, ReactionError> {
    id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))
}

#[async_trait]
impl Reaction<ConsentRecorded> for ShowOnRecord {
    const NAME: &'static str = "learning.show-on-recorded-consent";
    const PURPOSE: Purpose = Purpose::Publication;

    async fn react_in_tx(&self, tx: &Tx, recorded: ConsentRecorded) -> Result<(), ReactionError> {
        let consent: ConsentId = recorded.consent_id.parse().map_err(|_| ReactionError::Poisoned("the consent is not an identifier"))?;
        let own = query::of::<Entity>(person(&recorded.person_id)?, Purpose::Publication).filter(Column::ConsentId.eq(consent));
        // Another purpose's consent, or one that was taken back before it was recorded.
        let Some(mut row) = own.one(tx).await? else { return Ok(()) };
        if row.recorded_at.is_none() {
            row.recorded_at = Some(tx.clock().now());
            tx.update::<Entity>(&mut row).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Reaction<PersonStateChanged> for TakeDownOnWithdrawal {
    const NAME: &'static str = "learning.take-down-on-withdrawal";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, changed: PersonStateChanged) -> Result<(), ReactionError> {
        if !changed.withdrawn().any(|purpose| purpose == Purpose::Publication) {
            return Ok(());
        }
        let person = person(&changed.person_id)?;
        // Once it is followed, nothing is published by an older state any more; what was published by a newer one stays.
        events::is_newest_in_tx(tx, person, changed.version).await?;
        Ok(end_all_in_tx(tx, person, changed.version).await?)
    }
}
