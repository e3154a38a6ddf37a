//! One event to one reaction: state checked, inbox and effect in one transaction.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use contract::{Event, Purpose};
use foundation::{
    PersonId,
    metrics::all::{EVENT_EFFECT, EVENTS_REACTED},
};
use personal_data::{Db, Error, Tx};
use tracing::Instrument;

use crate::{
    Envelope, Outcome, Reaction, ReactionError, Reactor,
    envelope::person_of,
    inbox, parked,
    rules::{self, Entry, Standing},
};

/// A typed reaction with its database.
pub struct Of<R, E> {
    reaction: Arc<R>,
    db: Db,
    event: PhantomData<fn() -> E>,
}

/// Makes a reaction ready for the bus.
pub fn reactor<E: Event, R: Reaction<E>>(db: &Db, reaction: R) -> Arc<dyn Reactor> {
    Arc::new(Of { reaction: Arc::new(reaction), db: db.clone(), event: PhantomData })
}

impl<R: Reaction<E>, E: Event> Of<R, E> {
    async fn try_react(&self, envelope: &Envelope) -> Result<Outcome, ReactionError> {
        let event: E = opened(envelope)?;
        let tx = self.db.begin(R::NAME).await?;
        let person = person_of(&event)?.filter(|_| !R::ABOUT_THE_ERASED);
        let outcome = match rules::entry(standing_in_tx(&tx, person, R::PURPOSE).await?) {
            Entry::Drop => {
                inbox::first_in_tx(&tx, envelope.id, R::NAME).await?;
                Outcome::Dropped
            }
            Entry::Hold => {
                parked::park_in_tx(&tx, envelope, R::NAME, parked::HELD).await?;
                Outcome::Held
            }
            Entry::IfFirst if !inbox::first_in_tx(&tx, envelope.id, R::NAME).await? => return Ok(Outcome::Repeated),
            Entry::IfFirst => {
                self.reaction.react_in_tx(&tx, event).await?;
                Outcome::Done
            }
        };
        tx.commit().await?;
        Ok(outcome)
    }
}

/// Nobody's state is asked where there is no person.
async fn standing_in_tx(tx: &Tx, person: Option<PersonId>, purpose: Purpose) -> Result<Standing, Error> {
    let Some(person) = person else { return Ok(Standing::Permitted) };
    match tx.admit(person, purpose).await {
        Ok(()) => Ok(Standing::Permitted),
        Err(Error::Restricted) => Ok(Standing::Restricted),
        Err(Error::Erased | Error::Withdrawn(_)) => Ok(Standing::Gone),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl<R: Reaction<E>, E: Event> Reactor for Of<R, E> {
    fn name(&self) -> &'static str {
        R::NAME
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

    fn person(&self, envelope: &Envelope) -> Option<PersonId> {
        person_of(&envelope.open::<E>()?).ok().flatten()
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        traced(self, envelope, self.try_react(envelope)).await
    }
}

pub(crate) fn opened<E: Event>(envelope: &Envelope) -> Result<E, ReactionError> {
    envelope.open().ok_or(ReactionError::Poisoned("the payload is not what its kind says"))
}

/// A reaction in the trace of what announced its event; what is poisoned is set aside.
pub(crate) async fn traced(
    reactor: &dyn Reactor,
    envelope: &Envelope,
    reacting: impl Future<Output = Result<Outcome, ReactionError>> + Send,
) -> Outcome {
    let span = tracing::info_span!(
        parent: None,
        "reaction",
        otel.name = reactor.name(),
        otel.kind = "consumer",
        messaging.destination.name = reactor.kind(),
        service = reactor.service(),
        event = %envelope.id,
    );
    foundation::trace::parent_of(&span, envelope.traceparent.as_deref());
    let outcome = async {
        match reacting.await {
            Ok(outcome) => {
                tracing::debug!(outcome = outcome.name(), "reacted");
                outcome
            }
            Err(ReactionError::Poisoned(reason)) => {
                tracing::error!(reason, "an event is poisoned and is set aside");
                match reactor.park(envelope, reason).await {
                    Ok(()) => Outcome::Parked,
                    Err(error) => Outcome::Later(error.to_string()),
                }
            }
            Err(error) => Outcome::Later(error.to_string()),
        }
    }
    .instrument(span)
    .await;
    measure(reactor, envelope, &outcome);
    outcome
}

fn measure(reactor: &dyn Reactor, envelope: &Envelope, outcome: &Outcome) {
    EVENTS_REACTED.add(1, [reactor.service().into(), reactor.name().into(), outcome.name().into()]);
    if *outcome == Outcome::Done {
        EVENT_EFFECT.record(reactor.db().clock().now().since(envelope.at), [reactor.service().into()]);
    }
}
