//! What a service does on others' events.

use async_trait::async_trait;
use contract::{Event, Purpose};
use foundation::PersonId;
use personal_data::{Tx, person_state};

use crate::{Envelope, parked};

/// A reaction to one kind of event: one transaction, together with the note that it happened. It must commute, or use the
/// event's version to drop what is stale.
#[async_trait]
pub trait Reaction<E: Event>: Send + Sync + 'static {
    /// `service.verb-on-event`, unique and never changed: the inbox knows it by this name.
    const NAME: &'static str;
    /// What the person's state is checked against.
    const PURPOSE: Purpose;
    /// It is about what was done for somebody whom this service may have erased already: their state is not asked.
    const ABOUT_THE_ERASED: bool = false;

    async fn react_in_tx(&self, tx: &Tx, event: E) -> Result<(), ReactionError>;
}

/// Why a reaction did not take an event.
#[derive(Debug, thiserror::Error)]
pub enum ReactionError {
    /// Something that the event needs is not here yet: it comes again.
    #[error("too early: {0}")]
    Early(&'static str),
    /// It will never be taken as it is.
    #[error("poisoned: {0}")]
    Poisoned(&'static str),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

/// Whether what privacy said of a person in this version is the newest that this database follows. What is newer has an event of its
/// own; what is not followed yet comes again.
pub async fn is_newest_in_tx(tx: &Tx, person: PersonId, version: i64) -> Result<bool, ReactionError> {
    let (_, seen) = person_state::known_in_tx(tx, person).await?;
    if seen < version {
        return Err(ReactionError::Early("this state is not followed here yet"));
    }
    Ok(seen == version)
}

impl From<sea_orm::DbErr> for ReactionError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

/// What became of an event at one reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Had its effect before.
    Repeated,
    /// The person is erased, or withdrew consent: acknowledged, dropped, counted.
    Dropped,
    /// The person's processing is restricted: kept until that is lifted.
    Held,
    /// Set aside, visible and replayable.
    Parked,
    /// Not now; the reason holds no value.
    Later(String),
}

impl Outcome {
    /// Nothing more is to be done with the event here.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Done | Self::Repeated | Self::Dropped)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeated => "repeated",
            Self::Dropped => "dropped",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Later(_) => "later",
        }
    }
}

/// A reaction behind one object-safe face, in its service's database.
#[async_trait]
pub trait Reactor: Send + Sync {
    fn name(&self) -> &'static str;
    fn service(&self) -> &'static str;
    /// The full name of the message that it reacts to.
    fn kind(&self) -> &'static str;
    /// Whose state decides about this event; none where nobody's does.
    fn person(&self, _: &Envelope) -> Option<PersonId> {
        None
    }
    async fn react(&self, envelope: &Envelope) -> Outcome;
    /// Sets the event aside for good.
    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), personal_data::Error> {
        let tx = self.db().begin("events.park").await?;
        parked::park_in_tx(&tx, envelope, self.name(), reason).await?;
        tx.commit().await
    }
    /// The database of the effect, where parked events are listed and replayed.
    fn db(&self) -> &personal_data::Db;
}
