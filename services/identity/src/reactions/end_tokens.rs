//! An erased person's tokens end at once, before what every holder does is done.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Purpose,
    privacy::v1::{ErasureOrdered, PersonStateChanged, person_state_changed::State},
};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use foundation::PersonId;
use personal_data::{Db, query};

use crate::{revocations::Revocations, sessions::rows::session};

/// By the time the event comes the person may be a tombstone, about whom no transaction is admitted. It writes notes alone,
/// and doing it twice is doing it once, so it needs no inbox either.
#[derive(Clone)]
struct EndTokens {
    db: Db,
    revocations: Revocations,
}

pub fn end_tokens(db: &Db, revocations: Revocations) -> [Arc<dyn Reactor>; 2] {
    let ending = EndTokens { db: db.clone(), revocations };
    [
        events::own_reactor::<ErasureOrdered, _>(db, "identity.end-tokens-on-erasure-ordered", ending.clone()),
        events::own_reactor::<PersonStateChanged, _>(db, "identity.end-tokens-on-person-state-changed", ending),
    ]
}

impl EndTokens {
    async fn end(&self, person: &str) -> Result<Outcome, ReactionError> {
        let person: PersonId = person.parse().map_err(|_| ReactionError::Poisoned("the event names no person"))?;
        let sessions = query::of::<session::Entity>(person, Purpose::Account).all(&self.db).await?;
        // Those whose rows are still here end by their own names too.
        let sessions: Vec<_> = sessions.into_iter().map(|session| session.id).collect();
        self.revocations.end_person(person, &sessions).await.map_err(|error| {
            tracing::warn!(%error, "tokens of an erased person cannot be ended yet");
            ReactionError::Early("tokens cannot be ended yet")
        })?;
        Ok(Outcome::Done)
    }
}

#[async_trait]
impl OwnReaction<ErasureOrdered> for EndTokens {
    async fn react(&self, order: ErasureOrdered, _: &Arrival) -> Result<Outcome, ReactionError> {
        self.end(&order.person_id).await
    }
}

#[async_trait]
impl OwnReaction<PersonStateChanged> for EndTokens {
    async fn react(&self, changed: PersonStateChanged, _: &Arrival) -> Result<Outcome, ReactionError> {
        // A restricted person keeps theirs: they may still see their data and use their rights.
        if changed.state() != State::Erased {
            return Ok(Outcome::Done);
        }
        self.end(&changed.person_id).await
    }
}
