//! A person's state, followed in every holder's database.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    holder::v1::StateFollowed,
    privacy::v1::{PersonStateChanged, person_state_changed::State as Said},
};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use foundation::PersonId;
use personal_data::{
    Db, Holds,
    keys::Keys,
    person_state::{self, State},
};

/// The reactor of one service's table of states.
pub(crate) fn follow(holds: Holds, db: Db, keys: Keys) -> Arc<dyn Reactor> {
    events::own_reactor(&db.clone(), super::named(&db, "follow-person-state"), Follow { holds, db, keys })
}

/// It makes the state that others are admitted by.
struct Follow {
    holds: Holds,
    db: Db,
    keys: Keys,
}

#[async_trait]
impl OwnReaction<PersonStateChanged> for Follow {
    async fn react(&self, said: PersonStateChanged, arrival: &Arrival) -> Result<Outcome, ReactionError> {
        let person: PersonId = said.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let state = match said.state() {
            Said::Active => State::Active,
            Said::Restricted => State::Restricted,
            Said::Erased => State::Erased,
        };
        let withdrawn = said.withdrawn().fold(0, |bits, purpose| bits | person_state::bit(purpose));
        let tx = self.db.begin("holder.follow-person-state").await?;
        if !arrival.first_in_tx(&tx).await? {
            return Ok(Outcome::Repeated);
        }
        // Before and after: a key lent in between was lent by a keyring that may not have known either.
        self.keys.evict(person);
        // A newer version may know more of what a state forbids.
        self.holds.newest(&tx).await?;
        person_state::apply_in_tx(&tx, person, state, withdrawn, said.version).await?;
        let (known, seen) = person_state::known_in_tx(&tx, person).await?;
        if known != State::Erased && seen >= said.version {
            let holder = self.db.service().to_owned();
            let followed_at = Some(tx.clock().now().to_proto());
            events::announce_in_tx(&tx, StateFollowed { person_id: person.to_string(), holder, followed_at, version: seen }).await?;
        }
        tx.commit().await?;
        self.keys.evict(person);
        Ok(Outcome::Done)
    }
}
