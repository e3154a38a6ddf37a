//! When a person's relation with the school ended, followed in every holder's database: much of what is kept is counted from there.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{Event, identity::v1::RelationChanged};
use events::{Envelope, Outcome, Reactor, inbox, parked};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, Error, person_state};

/// The reactor of one service's table of states.
pub(crate) fn follow_relation(db: Db) -> Arc<dyn Reactor> {
    let name = Box::leak(format!("{}.holder.follow-relation", db.service()).into_boxed_str());
    Arc::new(Follow { db, name })
}

/// Not a `Reaction`: it reaches the restricted too.
struct Follow {
    db: Db,
    name: &'static str,
}

impl Follow {
    async fn apply(&self, envelope: &Envelope) -> Result<Outcome, Error> {
        let said: Option<RelationChanged> = envelope.open();
        let Some((person, said)) = said.and_then(|said| Some((said.person_id.parse::<PersonId>().ok()?, said))) else {
            self.park(envelope, "the payload is not a person's relation").await?;
            return Ok(Outcome::Parked);
        };
        let tx = self.db.begin("holder.follow-relation").await?;
        if !inbox::first_in_tx(&tx, envelope.id, self.name).await? {
            return Ok(Outcome::Repeated);
        }
        let ended = said.ended_at.as_ref().map(Timestamp::from_proto);
        person_state::relation_in_tx(&tx, person, ended, said.version).await?;
        tx.commit().await?;
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
        RelationChanged::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        self.apply(envelope).await.unwrap_or_else(|error| Outcome::Later(error.to_string()))
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        let tx = self.db.begin("holder.park-relation").await?;
        parked::park_in_tx(&tx, envelope, self.name, reason).await?;
        tx.commit().await
    }
}
