//! When a person's relation with the school ended, followed in every holder's database: much of what is kept is counted from there.

use std::sync::Arc;

use async_trait::async_trait;
use contract::identity::v1::RelationChanged;
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, person_state};

/// The reactor of one service's table of states.
pub(crate) fn follow_relation(db: Db) -> Arc<dyn Reactor> {
    events::own_reactor(&db.clone(), super::named(&db, "follow-relation"), Follow(db))
}

/// It reaches the restricted too.
struct Follow(Db);

#[async_trait]
impl OwnReaction<RelationChanged> for Follow {
    async fn react(&self, said: RelationChanged, arrival: &Arrival) -> Result<Outcome, ReactionError> {
        let person: PersonId = said.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let tx = self.0.begin("holder.follow-relation").await?;
        if !arrival.first_in_tx(&tx).await? {
            return Ok(Outcome::Repeated);
        }
        let ended = said.ended_at.as_ref().map(Timestamp::from_proto);
        person_state::relation_in_tx(&tx, person, ended, said.version).await?;
        tx.commit().await?;
        Ok(Outcome::Done)
    }
}
