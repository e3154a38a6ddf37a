//! The relay: takes what is due from the outbox, publishes it, notes that it is published.

use std::{sync::Arc, time::Duration};

use foundation::{failpoint, metrics::all::EVENTS_PUBLISHED};
use futures::{StreamExt, stream};
use personal_data::{Db, Error};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::{Bus, Envelope, Undelivered, bus::Manner, leases, outbox::event, wake};

/// The safety net beside the wake-up after each commit.
const POLL: Duration = Duration::from_millis(500);
/// What is committed within this time is taken together, where many relays share the work.
const GATHER: Duration = Duration::from_millis(2);

/// One per service and process. Clones are the same one.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    bus: Arc<dyn Bus>,
    manner: Manner,
}

impl Relay {
    pub fn new(db: Db, bus: Arc<dyn Bus>) -> Self {
        let manner = bus.manner();
        Self { db, bus, manner }
    }

    /// Works until it is cancelled; finishes the batches in hand.
    pub async fn run(self, until: CancellationToken) {
        let mut wakers = JoinSet::new();
        if self.manner.shared {
            wakers.spawn(wake::listen(self.db.clone(), until.clone()));
        } else if let Err(error) = leases::release(&self.db).await {
            // A lease left by a process that was killed is nobody's: on this bus there is one relay per outbox.
            tracing::warn!(service = self.db.service(), %error, "leases of an earlier run end by themselves within a minute");
        }
        let mut rounds = JoinSet::new();
        while !until.is_cancelled() {
            if rounds.len() >= self.manner.rounds {
                ended(rounds.join_next().await);
                continue;
            }
            // Registered before looking, so that a commit in between is not missed.
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            match self.take().await {
                Ok(taken) if taken.is_empty() => {
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(POLL) => {}
                        () = until.cancelled() => {}
                        done = rounds.join_next(), if !rounds.is_empty() => ended(done),
                    }
                }
                Ok(taken) => {
                    if self.manner.shared {
                        self.gather_or_call(taken.len()).await;
                    }
                    let relay = self.clone();
                    rounds.spawn(async move { relay.publish_all(taken).await });
                }
                Err(error) => {
                    tracing::warn!(service = self.db.service(), %error, "the relay cannot read its outbox");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        while let Some(done) = rounds.join_next().await {
            ended(Some(done));
        }
    }

    /// One round. Answers how many events it took, published or not.
    pub async fn publish_due(&self) -> Result<usize, Error> {
        let due = self.take().await?;
        let taken = due.len();
        self.publish_all(due).await;
        Ok(taken)
    }

    async fn take(&self) -> Result<Vec<event::Model>, Error> {
        if self.bus.is_away() {
            return Ok(Vec::new());
        }
        leases::take_due(&self.db, self.db.clock().now(), self.manner.lease, self.manner.batch).await
    }

    /// More than one relay can carry: others are called. Less: what comes at once is taken at once, next time.
    async fn gather_or_call(&self, taken: usize) {
        if taken < self.manner.batch {
            tokio::time::sleep(GATHER).await;
        } else if let Err(error) = wake::call(&self.db).await {
            tracing::debug!(service = self.db.service(), %error, "other relays are not called; they look by themselves");
        }
    }

    async fn publish_all(&self, rows: Vec<event::Model>) {
        // All of them first: a publication that waits half-way may hold the lock that the note needs.
        let tried: Vec<_> = stream::iter(rows).map(|row| self.publish(row)).buffer_unordered(self.manner.at_once).collect().await;
        if tried.is_empty() {
            return;
        }
        if let Err(error) = self.note(tried).await {
            tracing::warn!(service = self.db.service(), %error, "what was published could not be noted; it comes again");
        }
    }

    async fn publish(&self, row: event::Model) -> (event::Model, Result<(), Undelivered>) {
        let envelope = Envelope {
            id: row.id,
            source: self.db.service().to_owned(),
            kind: row.kind.clone(),
            payload: row.payload.clone(),
            traceparent: row.traceparent.clone(),
            at: row.at,
        };
        failpoint::at("events.publish", "before");
        let published = self.bus.publish(&self.db, &envelope, row.attempts).instrument(span_of(&envelope)).await;
        failpoint::at("events.publish", "after");
        (row, published)
    }

    async fn note(&self, tried: Vec<(event::Model, Result<(), Undelivered>)>) -> Result<(), Error> {
        let now = self.db.clock().now();
        let (mut done, mut again) = (Vec::new(), Vec::new());
        for (row, published) in tried {
            match published {
                Ok(()) => {
                    EVENTS_PUBLISHED.add(1, [self.db.service().into()]);
                    done.push(row.id);
                }
                Err(undelivered) => {
                    tracing::info!(event = %row.id, attempts = row.attempts, reason = %undelivered, "an event comes again");
                    let then = row.publication().again(now, self.manner.longest_wait);
                    again.push((row, then));
                }
            }
        }
        leases::note(&self.db, &done, now, &again).await
    }
}

/// In the trace of what announced the event: how long it lay in the outbox is the gap before it.
fn span_of(envelope: &Envelope) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "publish",
        otel.kind = "producer",
        messaging.destination.name = envelope.kind,
        service = envelope.source,
        event = %envelope.id,
    );
    foundation::trace::parent_of(&span, envelope.traceparent.as_deref());
    span
}

/// A batch that panicked ends its relay, which is started anew.
fn ended(batch: Option<Result<(), JoinError>>) {
    if let Some(Err(error)) = batch
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
