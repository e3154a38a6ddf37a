//! A person's state, followed in every holder's database.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Event,
    holder::v1::StateFollowed,
    privacy::v1::{PersonStateChanged, person_state_changed::State as Said},
};
use events::{Envelope, Outcome, Reactor, inbox, parked};
use foundation::PersonId;
use personal_data::{
    Db, Error, Holds,
    keys::Keys,
    person_state::{self, State},
};

/// The reactor of one service's table of states.
pub(crate) fn follow(holds: Holds, db: Db, keys: Keys) -> Arc<dyn Reactor> {
    let name = Box::leak(format!("{}.holder.follow-person-state", db.service()).into_boxed_str());
    Arc::new(Follow { holds, db, keys, name })
}

struct Follow {
    holds: Holds,
    db: Db,
    keys: Keys,
    name: &'static str,
}

impl Follow {
    async fn apply(&self, envelope: &Envelope) -> Result<Outcome, Error> {
        let said: Option<PersonStateChanged> = envelope.open();
        let Some((person, said)) = said.and_then(|said| Some((said.person_id.parse::<PersonId>().ok()?, said))) else {
            self.park(envelope, "the payload is not a person's state").await?;
            return Ok(Outcome::Parked);
        };
        let state = match said.state() {
            Said::Active => State::Active,
            Said::Restricted => State::Restricted,
            Said::Erased => State::Erased,
        };
        let withdrawn = said.withdrawn().fold(0, |bits, purpose| bits | person_state::bit(purpose));
        let tx = self.db.begin("holder.follow-person-state").await?;
        if !inbox::first_in_tx(&tx, envelope.id, self.name).await? {
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

#[async_trait]
impl Reactor for Follow {
    fn name(&self) -> &'static str {
        self.name
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        PersonStateChanged::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        self.apply(envelope).await.unwrap_or_else(|error| Outcome::Later(error.to_string()))
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        let tx = self.db.begin("holder.park-person-state").await?;
        parked::park_in_tx(&tx, envelope, self.name, reason).await?;
        tx.commit().await
    }
}
