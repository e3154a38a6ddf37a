//! What holders confirm, what was mailed, and consent that was given again elsewhere.

use contract::{
    Purpose,
    communication::v1::{NewsletterSubscribed, RightsNoticeSent},
    holder::v1::StateFollowed,
};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Tx, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter};
use sha2::{Digest, Sha256};

use super::{
    Change, change_in_tx,
    rows::{StateRequestId, follower, state_request},
    state_in_tx,
};

/// A holder's confirmation enters the saga.
pub struct Confirmations;

/// So does the mail that has left.
pub struct Notices;

/// Whoever subscribes to the newsletter gives the consent again that they withdrew.
pub struct Subscriptions;

fn person(id: &str) -> Result<PersonId, ReactionError> {
    id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))
}

#[async_trait::async_trait]
impl Reaction<StateFollowed> for Confirmations {
    const NAME: &'static str = "privacy.note-followed-state";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: StateFollowed) -> Result<(), ReactionError> {
        let person = person(&event.person_id)?;
        let at = event.followed_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        let id = follower_id(person, &event.holder);
        let row = query::of::<follower::Entity>(person, Purpose::Rights).filter(follower::Column::Id.eq(id)).one(tx).await?;
        match row {
            // Late: something newer is confirmed already.
            Some(row) if row.followed >= event.version => return Ok(()),
            Some(mut row) => {
                (row.followed, row.at) = (event.version, at);
                tx.update::<follower::Entity>(&mut row).await?;
            }
            None => {
                let row = follower::Model { id, person, holder: event.holder, followed: event.version, at, version: 0 };
                tx.insert::<follower::Entity>(row).await?;
            }
        }
        let open = query::of::<state_request::Entity>(person, Purpose::Rights).filter(state_request::Column::InForceAt.is_null());
        for mut row in open.all(tx).await? {
            row.look_at = Some(tx.clock().now());
            tx.update::<state_request::Entity>(&mut row).await?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Reaction<RightsNoticeSent> for Notices {
    const NAME: &'static str = "privacy.note-sent-notice";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RightsNoticeSent) -> Result<(), ReactionError> {
        let id: StateRequestId = event.request_id.parse().map_err(|_| ReactionError::Poisoned("the request is not an identifier"))?;
        let own = query::of::<state_request::Entity>(person(&event.person_id)?, Purpose::Rights);
        // The mail may be about a request of another kind.
        let Some(mut row) = own.filter(state_request::Column::Id.eq(id)).one(tx).await? else { return Ok(()) };
        if row.told_at.is_none() {
            let now = tx.clock().now();
            row.told_at = Some(event.sent_at.as_ref().map_or(now, Timestamp::from_proto));
            row.look_at = row.look_at.map(|_| now);
            tx.update::<state_request::Entity>(&mut row).await?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Reaction<NewsletterSubscribed> for Subscriptions {
    const NAME: &'static str = "privacy.permit-newsletter-on-subscription";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: NewsletterSubscribed) -> Result<(), ReactionError> {
        let person = person(&event.person_id)?;
        let given_at = event.given_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        if state_in_tx(tx, person).await?.withdrawn & person_state::bit(Purpose::Newsletter) == 0 {
            return Ok(());
        }
        // Withdrawn after this consent was given: the event is late.
        let later = query::of::<state_request::Entity>(person, Purpose::Rights)
            .filter(state_request::Column::Kind.eq(super::Kind::Withdrawal as i32))
            .filter(state_request::Column::Purpose.eq(Purpose::Newsletter as i32))
            .filter(state_request::Column::ReceivedAt.gt(given_at));
        if later.one(tx).await?.is_none() {
            change_in_tx(tx, person, Change::Permit(Purpose::Newsletter)).await?;
        }
        Ok(())
    }
}

/// One row per person and holder.
fn follower_id(person: PersonId, holder: &str) -> Uuid {
    let digest = Sha256::new().chain_update(person.0.as_bytes()).chain_update(holder).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}
