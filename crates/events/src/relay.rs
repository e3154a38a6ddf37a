//! The relay: takes what is due from the outbox, publishes it, notes that it is published.

use std::{sync::Arc, time::Duration};

use foundation::failpoint;
use futures::{StreamExt, stream};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio_util::sync::CancellationToken;

use crate::{Bus, Envelope, outbox::event, rules};

/// Events handled at a time: order is promised to nobody.
const AT_ONCE: usize = 4;
const BATCH: u64 = 64;
/// The safety net beside the wake-up after each commit.
const POLL: Duration = Duration::from_millis(500);

/// One per service.
pub struct Relay {
    db: Db,
    bus: Arc<dyn Bus>,
}

impl Relay {
    pub fn new(db: Db, bus: Arc<dyn Bus>) -> Self {
        Self { db, bus }
    }

    /// Works until it is cancelled; finishes the batch in hand.
    pub async fn run(self, until: CancellationToken) {
        // A lease left by a process that was killed is nobody's: on this bus there is one relay per outbox.
        if let Err(error) = self.release_leases().await {
            tracing::warn!(service = self.db.service(), %error, "leases of an earlier run end by themselves within a minute");
        }
        while !until.is_cancelled() {
            // Registered before looking, so that a commit in between is not missed.
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            match self.publish_due().await {
                Ok(0) => {
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(POLL) => {}
                        () = until.cancelled() => {}
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(service = self.db.service(), %error, "the relay cannot read its outbox");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// One round. Answers how many events it took, published or not.
    pub async fn publish_due(&self) -> Result<usize, Error> {
        let now = self.db.clock().now();
        let due = query::anonymous::<event::Entity>()
            .filter(event::Column::PublishedAt.is_null())
            .filter(event::Column::DueAt.lte(now))
            .order_by_asc(event::Column::DueAt)
            .limit(BATCH)
            .all(&self.db)
            .await?;
        let taken = due.len();
        stream::iter(due).for_each_concurrent(AT_ONCE, |row| self.publish(row)).await;
        Ok(taken)
    }

    async fn publish(&self, row: event::Model) {
        if let Err(error) = self.try_publish(row).await {
            tracing::warn!(service = self.db.service(), %error, "an event could not be published; it comes again");
        }
    }

    async fn try_publish(&self, mut row: event::Model) -> Result<(), Error> {
        let now = self.db.clock().now();
        row.due_at = now.plus(rules::LEASE);
        match self.write("events.lease", &mut row).await {
            // Another relay has it.
            Err(Error::Changed(_)) => return Ok(()),
            other => other?,
        }
        let envelope = Envelope {
            id: row.id,
            source: self.db.service().to_owned(),
            kind: row.kind.clone(),
            payload: row.payload.clone(),
            traceparent: row.traceparent.clone(),
            at: row.at,
        };
        failpoint::at("events.publish", "before");
        let published = self.bus.publish(&self.db, &envelope, row.attempts).await;
        failpoint::at("events.publish", "after");
        match published {
            Ok(()) => row.published_at = Some(self.db.clock().now()),
            Err(undelivered) => {
                tracing::info!(event = %row.id, attempts = row.attempts, reason = %undelivered, "an event comes again");
                row.due_at = self.db.clock().now().plus(rules::backoff(row.attempts));
                row.attempts += 1;
            }
        }
        self.write("events.published", &mut row).await
    }

    async fn write(&self, name: &'static str, row: &mut event::Model) -> Result<(), Error> {
        let tx = self.db.begin(name).await?;
        tx.update::<event::Entity>(row).await?;
        tx.commit_quietly().await
    }

    /// Makes everything due that a relay may have had in hand when its process ended.
    #[allow(clippy::disallowed_methods, reason = "the outbox's own bookkeeping, of a table that holds nobody's data")]
    async fn release_leases(&self) -> Result<(), Error> {
        let now = self.db.clock().now();
        let leased = event::Entity::update_many().filter(event::Column::PublishedAt.is_null()).filter(event::Column::DueAt.gt(now));
        leased.col_expr(event::Column::DueAt, now.into()).exec(&self.db).await?;
        Ok(())
    }
}
