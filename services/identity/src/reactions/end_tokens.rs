//! An erased person's tokens end at once, before what every holder does is done.

use async_trait::async_trait;
use contract::{Event, Purpose, privacy::v1 as pb};
use events::{Envelope, Outcome, Reactor};
use foundation::PersonId;
use personal_data::{Db, Error, query};

use crate::{revocations::Revocations, sessions::rows::session};

/// Not a `Reaction`: by the time the event comes the person may be a tombstone, about whom no transaction is admitted.
/// It writes to the cache alone, and doing it twice is doing it once, so it needs no inbox either.
pub struct EndTokens {
    db: Db,
    revocations: Revocations,
    on: On,
}

/// What it reacts to.
#[derive(Clone, Copy)]
pub enum On {
    ErasureOrdered,
    PersonStateChanged,
}

impl EndTokens {
    pub fn new(db: Db, revocations: Revocations, on: On) -> Self {
        Self { db, revocations, on }
    }

    /// Whose tokens end. A restricted person keeps theirs: they may still see their data and use their rights.
    fn person(&self, envelope: &Envelope) -> Result<Option<PersonId>, &'static str> {
        let unreadable = "the payload is not what its kind says";
        let id = match self.on {
            On::ErasureOrdered => envelope.open::<pb::ErasureOrdered>().ok_or(unreadable)?.person_id,
            On::PersonStateChanged => {
                let changed: pb::PersonStateChanged = envelope.open().ok_or(unreadable)?;
                if changed.state() != pb::person_state_changed::State::Erased {
                    return Ok(None);
                }
                changed.person_id
            }
        };
        id.parse().map(Some).map_err(|_| "the event names no person")
    }

    async fn end(&self, person: PersonId) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.revocations.end_person(person).await?;
        // Those whose rows are still here end by their own names too.
        let sessions = query::of::<session::Entity>(person, Purpose::Account).all(&self.db).await?;
        for session in sessions {
            self.revocations.end_session(session.id).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Reactor for EndTokens {
    fn name(&self) -> &'static str {
        match self.on {
            On::ErasureOrdered => "identity.end-tokens-on-erasure-ordered",
            On::PersonStateChanged => "identity.end-tokens-on-person-state-changed",
        }
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        match self.on {
            On::ErasureOrdered => pb::ErasureOrdered::TYPE,
            On::PersonStateChanged => pb::PersonStateChanged::TYPE,
        }
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        match self.person(envelope) {
            Ok(None) => Outcome::Done,
            Ok(Some(person)) => self.end(person).await.map_or_else(|error| Outcome::Later(error.to_string()), |()| Outcome::Done),
            Err(reason) => super::set_aside(self, envelope, reason).await,
        }
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        super::park(&self.db, envelope, self.name(), reason).await
    }
}
