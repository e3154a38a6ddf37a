//! The bus: hands an event to whoever reacts to it.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use async_trait::async_trait;
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{Envelope, Outcome, Reactor, inbox, outbox::delivery, rules};

/// Not published yet: the relay comes again.
#[derive(Debug, thiserror::Error)]
#[error("not everybody has taken the event: {0}")]
pub struct Undelivered(pub String);

/// Where a relay publishes. When `publish` returns, nothing of the event can be lost any more.
#[async_trait]
pub trait Bus: Send + Sync {
    async fn publish(&self, outbox: &Db, envelope: &Envelope, attempts: i64) -> Result<(), Undelivered>;
}

/// Who reacts to each kind of event.
type ByKind = HashMap<&'static str, Vec<Arc<dyn Reactor>>>;

/// The bus of a process that runs every service: "published" means that every declared reaction has committed or parked
/// the event, and a delivery row in the outbox's database remembers which.
#[derive(Clone, Default)]
pub struct InProcessBus {
    reactors: Arc<RwLock<ByKind>>,
}

impl InProcessBus {
    pub fn subscribe(&self, reactor: Arc<dyn Reactor>) {
        self.reactors.write().unwrap_or_else(|e| e.into_inner()).entry(reactor.kind()).or_default().push(reactor);
    }

    pub fn reactors(&self) -> Vec<Arc<dyn Reactor>> {
        self.reactors.read().unwrap_or_else(|e| e.into_inner()).values().flatten().cloned().collect()
    }

    fn of(&self, kind: &str) -> Vec<Arc<dyn Reactor>> {
        self.reactors.read().unwrap_or_else(|e| e.into_inner()).get(kind).cloned().unwrap_or_default()
    }

    async fn deliver(&self, db: &Db, envelope: &Envelope, attempts: i64, reactor: &dyn Reactor) -> Result<(), Undelivered> {
        let later = |error: personal_data::Error| Undelivered(error.to_string());
        let mut outcome = reactor.react(envelope).await;
        if let Outcome::Later(reason) = &outcome {
            if !rules::is_hopeless(attempts) {
                return Err(Undelivered(format!("{}: {reason}", reactor.name())));
            }
            tracing::error!(reaction = reactor.name(), event = %envelope.id, reason, "an event was tried too often and is set aside");
            reactor.park(envelope, reason).await.map_err(later)?;
            outcome = Outcome::Parked;
        }
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
        for reactor in self.of(&envelope.kind) {
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
