//! Reviews of the access logs: opened by the clock and by what the rules find, signed by somebody who is not the accessor.

mod gather;
mod periods;
pub mod rows;
pub mod rpc;
mod rules;
pub mod service;
mod sign;
mod view;

use std::time::Duration;

use contract::{
    Purpose, Tie,
    keyring::v1::{ListHandlesRequest, keyring_client::KeyringClient},
    privacy::v1::{officer_alerted, review_summary::Kind},
};
use foundation::{BoxError, PersonId, Refusal, Timestamp, Transport, sabotage};
use personal_data::{Db, Error, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use tokio_util::sync::CancellationToken;

use crate::{exceptions::rows::access_exception, officers, receipts::SigningKey};
use periods::Period;
use rows::{ItemId, ReviewId, review, review_item};

const POLL: Duration = Duration::from_secs(2);
/// Periods that one round opens at most: after a long pause the rest waits for the next.
const ROUND: usize = 31;

#[derive(Clone)]
pub struct Reviews {
    pub db: Db,
    pub keys: Keys,
    pub keyring: KeyringClient<Transport>,
    pub signing: SigningKey,
}

/// Whether a review waits beyond its day: exceptions are refused until it is signed.
pub async fn is_overdue(db: &Db) -> Result<bool, Error> {
    if sabotage::breaks("P28") {
        return Ok(false);
    }
    Ok(overdue(db.clock().now()).one(db).await?.is_some())
}

fn overdue(now: Timestamp) -> sea_orm::Select<review::Entity> {
    query::anonymous::<review::Entity>().filter(review::Column::SignedAt.is_null()).filter(review::Column::DueAt.lt(now))
}

impl Reviews {
    /// Works until it is cancelled.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        while !until.is_cancelled() {
            for kind in [Kind::Findings, Kind::Monthly] {
                self.open_due(kind).await?;
            }
            self.tell_overdue().await?;
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = until.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Opens a review of each period that is over and has something in it.
    async fn open_due(&self, kind: Kind) -> Result<(), BoxError> {
        for _ in 0..ROUND {
            let last = query::anonymous::<review::Entity>().filter(review::Column::Kind.eq(i32::from(kind)));
            let last = last.order_by_desc(review::Column::ToAt).one(&self.db).await?;
            // The next period is not over yet: the logs need not be looked through.
            if let Some(last) = &last
                && periods::around(kind, last.to_at)?.to.plus(periods::SETTLED) > self.db.clock().now()
            {
                return Ok(());
            }
            let from = last.map_or(Timestamp::from_micros(0), |last| last.to_at);
            let Some(first) = gather::first_after(&self.db, from).await? else { return Ok(()) };
            let period = periods::around(kind, first)?;
            if period.to.plus(periods::SETTLED) > self.db.clock().now() {
                return Ok(());
            }
            self.open(kind, period).await?;
        }
        Ok(())
    }

    async fn open(&self, kind: Kind, period: Period) -> Result<(), Error> {
        let (found, seed) = gather::items(&self.db, &self.signing, kind, period).await?;
        let (id, items) = (ReviewId::new_v7(), i64::try_from(found.len()).unwrap_or(i64::MAX));
        let tx = self.db.begin("privacy.open-review").await?;
        let now = tx.clock().now();
        let (due_at, signed_at) = (periods::due(kind, now), found.is_empty().then_some(now));
        let (kind, from_at, to_at) = (kind.into(), period.from, period.to);
        let row =
            review::Model { id, kind, from_at, to_at, due_at, signed_at, items, unsigned: items, told_overdue: false, seed, version: 0 };
        // Another replica may have opened it.
        if !tx.insert_once::<review::Entity>(row).await? {
            return Ok(());
        }
        for one in &found {
            let (id, review, signature) = (ItemId::new_v7(), id.0, None);
            let item = review_item::Model {
                id,
                review,
                rule: one.rule,
                about: one.about,
                found: one.found,
                signature,
                justified: false,
                version: 0,
            };
            tx.insert::<review_item::Entity>(item).await?;
        }
        if !found.is_empty() {
            officers::alert_in_tx(&tx, officer_alerted::Kind::ReviewOpened, id.0).await?;
        }
        tx.commit().await
    }

    async fn tell_overdue(&self) -> Result<(), Error> {
        let untold = overdue(self.db.clock().now()).filter(review::Column::ToldOverdue.eq(false)).all(&self.db).await?;
        for mut row in untold {
            tracing::error!(alarm = "REVIEW_OVERDUE", review = %row.id, "a review of the access logs is overdue: exceptions are refused");
            row.told_overdue = true;
            let tx = self.db.begin("privacy.tell-overdue-review").await?;
            match tx.update::<review::Entity>(&mut row).await {
                // Signed, or told by another replica, meanwhile.
                Err(Error::Changed(_)) => continue,
                other => other?,
            }
            officers::alert_in_tx(&tx, officer_alerted::Kind::ReviewOverdue, row.id.0).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Every handle under which the services' logs speak of somebody.
    async fn handles_of(&self, person: PersonId) -> Result<Vec<String>, Error> {
        let ask = ListHandlesRequest { person_id: person.to_string() };
        let answer = self.keyring.clone().list_handles(ask).await.map_err(|_| Error::KeyringAway)?;
        Ok(answer.into_inner().handles)
    }

    /// An exception about the person stands in a review.
    pub async fn ties(&self, tie: Tie, person: PersonId) -> Result<bool, Refusal> {
        if tie != Tie::Reviews {
            return Ok(false);
        }
        let exceptions = query::of::<access_exception::Entity>(person, Purpose::Rights).all(&self.db).await.map_err(Error::from)?;
        let about = exceptions.into_iter().map(|row| row.id.0);
        let items = query::anonymous::<review_item::Entity>().filter(review_item::Column::About.is_in(about));
        Ok(items.one(&self.db).await.map_err(Error::from)?.is_some())
    }
}
