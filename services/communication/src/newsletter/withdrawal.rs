//! Consent that was taken back ends what is queued for its purpose; that to the newsletter ends the subscription too.

use async_trait::async_trait;
use contract::{Purpose, privacy::v1::PersonStateChanged, purpose_terms};
use events::{Reaction, ReactionError};
use foundation::PersonId;
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{end_in_tx, rows::subscription};
use crate::mail::{self, rows::mail as queued};

pub(crate) struct EndOnWithdrawal;

#[async_trait]
impl Reaction<PersonStateChanged> for EndOnWithdrawal {
    const NAME: &'static str = "communication.end-mails-on-withdrawal";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, changed: PersonStateChanged) -> Result<(), ReactionError> {
        // What survives a withdrawal goes on.
        let ended: Vec<_> = changed.withdrawn().filter(|purpose| !purpose_terms(*purpose).survives_withdrawal).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let person: PersonId = changed.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        if !events::is_newest_in_tx(tx, person, changed.version).await? || foundation::sabotage::breaks("P21") {
            return Ok(());
        }
        let own = query::of::<subscription::Entity>(person, Purpose::Rights).filter(subscription::Column::Active.eq(true));
        if let Some(mut row) = own.one(tx).await?.filter(|_| ended.contains(&Purpose::Newsletter)) {
            end_in_tx(tx, &mut row).await?;
        }
        let waiting = query::of::<queued::Entity>(person, Purpose::Rights)
            .filter(queued::Column::Purpose.is_in(ended.iter().map(|purpose| *purpose as i32)))
            .filter(queued::Column::State.eq(mail::State::Queued as i32));
        for mut row in waiting.all(tx).await? {
            row.state = mail::State::Dropped as i32;
            tx.update::<queued::Entity>(&mut row).await?;
        }
        Ok(())
    }
}
