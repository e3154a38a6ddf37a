//! Reactions with transactions of their own: they ask others first, or are about people for whom no transaction is admitted.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use contract::Event;
use foundation::uuid::Uuid;
use personal_data::{Db, Error, Tx};

use crate::{Envelope, Outcome, ReactionError, Reactor, dispatch, inbox};

/// A reaction that decides itself whom it is for, and when its transaction begins. It marks its arrival in that transaction, or is
/// one that done twice is done once.
#[async_trait]
pub trait OwnReaction<E: Event>: Send + Sync + 'static {
    async fn react(&self, event: E, arrival: &Arrival) -> Result<Outcome, ReactionError>;
}

/// An event at a reaction.
pub struct Arrival {
    event: Uuid,
    reaction: &'static str,
}

impl Arrival {
    /// Notes it in the inbox; false when the event had its effect before.
    pub async fn first_in_tx(&self, tx: &Tx) -> Result<bool, Error> {
        inbox::first_in_tx(tx, self.event, self.reaction).await
    }
}

struct Of<R, E> {
    reaction: R,
    name: &'static str,
    db: Db,
    event: PhantomData<fn() -> E>,
}

/// Makes such a reaction ready for the bus. `name` is unique and never changed: the inbox knows it by this.
pub fn own_reactor<E: Event, R: OwnReaction<E>>(db: &Db, name: &'static str, reaction: R) -> Arc<dyn Reactor> {
    Arc::new(Of { reaction, name, db: db.clone(), event: PhantomData })
}

#[async_trait]
impl<R: OwnReaction<E>, E: Event> Reactor for Of<R, E> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        E::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        dispatch::traced(self, envelope, async {
            let arrival = Arrival { event: envelope.id, reaction: self.name };
            self.reaction.react(dispatch::opened(envelope)?, &arrival).await
        })
        .await
    }
}
