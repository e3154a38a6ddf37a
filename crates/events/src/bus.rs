//! The bus: hands an event to whoever reacts to it.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{Envelope, Reactor, giving, inbox, outbox::delivery, rules};

/// Not published yet: the relay comes again.
#[derive(Debug, thiserror::Error)]
#[error("not everybody has taken the event: {0}")]
pub struct Undelivered(pub String);

/// How a relay works with a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Events that are taken together.
    pub batch: usize,
    /// Of these, handled at a time: order is promised to nobody.
    pub at_once: usize,
    /// Batches under way at a time: one that is slow does not hold up the others.
    pub rounds: usize,
    /// How long the relay may work on what it took before another may take it.
    pub lease: Duration,
    /// The longest wait before an event is published again.
    pub longest_wait: Duration,
    /// Whether relays of other processes work on the same outbox.
    pub shared: bool,
}

impl Manner {
    /// "Published" is all that the reactions do, and nobody else works here. Little is taken at a time: it has to be done before the
    /// lease ends.
    pub const IN_PROCESS: Self =
        Self { batch: 4, at_once: 2, rounds: 2, lease: rules::LEASE, longest_wait: rules::LONGEST_WAIT, shared: false };
}

/// Where a relay publishes. When `publish` returns, nothing of the event can be lost any more.
#[async_trait]
pub trait Bus: Send + Sync {
    async fn publish(&self, outbox: &Db, envelope: &Envelope, attempts: i64) -> Result<(), Undelivered>;

    fn manner(&self) -> Manner {
        Manner::IN_PROCESS
    }

    /// Whether it is known that nothing can be published at the moment: then no event's tries are counted.
    fn is_away(&self) -> bool {
        false
    }
}

/// Who reacts to each kind of event.
type ByKind = HashMap<&'static str, Vec<Arc<dyn Reactor>>>;

/// Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Reactors(Arc<RwLock<ByKind>>);

impl Reactors {
    pub(crate) fn add(&self, reactor: Arc<dyn Reactor>) {
        self.0.write().unwrap_or_else(|e| e.into_inner()).entry(reactor.kind()).or_default().push(reactor);
    }

    pub(crate) fn all(&self) -> Vec<Arc<dyn Reactor>> {
        self.0.read().unwrap_or_else(|e| e.into_inner()).values().flatten().cloned().collect()
    }

    fn of(&self, kind: &str) -> Vec<Arc<dyn Reactor>> {
        self.0.read().unwrap_or_else(|e| e.into_inner()).get(kind).cloned().unwrap_or_default()
    }
}

/// The bus of a process that runs every service: "published" means that every declared reaction has committed or parked
/// the event, and a delivery row in the outbox's database remembers which.
#[derive(Clone, Default)]
pub struct InProcessBus {
    reactors: Reactors,
}

impl InProcessBus {
    pub fn subscribe(&self, reactor: Arc<dyn Reactor>) {
        self.reactors.add(reactor);
    }

    pub fn reactors(&self) -> Vec<Arc<dyn Reactor>> {
        self.reactors.all()
    }

    async fn deliver(&self, db: &Db, envelope: &Envelope, attempts: i64, reactor: &dyn Reactor) -> Result<(), Undelivered> {
        let later = |error: personal_data::Error| Undelivered(error.to_string());
        let not_yet = |not_yet: giving::NotYet| Undelivered(format!("{}: {}", reactor.name(), not_yet.reason));
        let outcome = giving::give(reactor, envelope, attempts).await.map_err(not_yet)?;
        let tx = db.begin("events.delivered").await.map_err(later)?;
        let row = delivery::Model {
            id: inbox::id_of(envelope.id, reactor.name()),
            event_id: envelope.id,
            reaction: reactor.name().to_owned(),
            outcome: outcome.name().to_owned(),
            at: tx.clock().now(),
        };
        tx.insert_once::<delivery::Entity>(row).await.map_err(later)?;
        tx.commit().await.map_err(later)
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, outbox: &Db, envelope: &Envelope, attempts: i64) -> Result<(), Undelivered> {
        let done = query::anonymous::<delivery::Entity>()
            .filter(delivery::Column::EventId.eq(envelope.id))
            .all(outbox)
            .await
            .map_err(|error| Undelivered(error.to_string()))?;
        let mut missing = None;
        // One reaction that is not ready does not keep the others waiting.
        for reactor in self.reactors.of(&envelope.kind) {
            if done.iter().any(|row| row.reaction == reactor.name()) {
                continue;
            }
            if let Err(undelivered) = self.deliver(outbox, envelope, attempts, reactor.as_ref()).await {
                missing.get_or_insert(undelivered);
            }
        }
        missing.map_or(Ok(()), Err)
    }
}
