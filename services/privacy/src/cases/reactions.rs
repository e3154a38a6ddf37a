//! When the mail with the answer has left.

use contract::{Purpose, communication::v1::RightsNoticeSent};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::rows::{CaseId, rights_case};
use crate::rectifications::rows::rectification;

/// Cases and rectifications alike; a mail about anything else changes nothing here.
pub struct Told;

#[async_trait::async_trait]
impl Reaction<RightsNoticeSent> for Told {
    const NAME: &'static str = "privacy.note-told-of-answer";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RightsNoticeSent) -> Result<(), ReactionError> {
        let person: PersonId = event.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let id: Uuid = event.request_id.parse().map_err(|_| ReactionError::Poisoned("the request is not an identifier"))?;
        let at = event.sent_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        let case = query::of::<rights_case::Entity>(person, Purpose::Rights).filter(rights_case::Column::Id.eq(CaseId(id)));
        if let Some(mut row) = case.one(tx).await?.filter(|row| row.told_at.is_none()) {
            row.told_at = Some(at);
            tx.update::<rights_case::Entity>(&mut row).await?;
        }
        let rectified = query::of::<rectification::Entity>(person, Purpose::Rights).filter(rectification::Column::Id.eq(id));
        if let Some(mut row) = rectified.one(tx).await?.filter(|row| row.told_at.is_none()) {
            row.told_at = Some(at);
            tx.update::<rectification::Entity>(&mut row).await?;
        }
        Ok(())
    }
}
