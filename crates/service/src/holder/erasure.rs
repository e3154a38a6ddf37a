//! An ordered erasure, done over the map and reported. It bypasses the person's state: it makes it.

use async_trait::async_trait;
use contract::{
    Event,
    holder::v1::{ClassReport, ErasureReported, KeptItem},
    privacy::v1::ErasureOrdered,
};
use events::{Envelope, Outcome, ReactionError, Reactor, inbox, parked};
use foundation::PersonId;
use personal_data::{Db, Error, Holds, holder::ErasureReport, keys::Keys};

const NAME: &str = "holder.erase-on-order";

pub(crate) struct Erasure {
    pub holds: Holds,
    pub db: Db,
    pub keys: Keys,
    /// `holder.erase-on-order` is in every service: the bus tells them apart by this.
    name: &'static str,
}

impl Erasure {
    pub fn new(holds: Holds, db: Db, keys: Keys) -> Self {
        // One name per service, kept for as long as the process runs.
        let name = Box::leak(format!("{}.{NAME}", db.service()).into_boxed_str());
        Self { holds, db, keys, name }
    }

    async fn erase(&self, envelope: &Envelope) -> Result<Outcome, ReactionError> {
        let order: ErasureOrdered = envelope.open().ok_or(ReactionError::Poisoned("the payload is not an order"))?;
        let person: PersonId = order.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let removed = self.holds.remove_objects(&self.db, person).await?;
        let tx = self.db.begin("holder.erase").await?;
        if !inbox::first_in_tx(&tx, envelope.id, self.name).await? {
            drop(tx);
            // Erased by a delivery that, perhaps, did not come this far.
            self.holds.settle(&self.db, &self.keys, person).await?;
            return Ok(Outcome::Repeated);
        }
        parked::forget_in_tx(&tx, person).await?;
        let report = self.holds.erase_in_tx(&tx, person, &removed).await?;
        events::announce_in_tx(&tx, self.encode(order, report)).await?;
        tx.commit().await?;
        self.holds.settle(&self.db, &self.keys, person).await?;
        Ok(Outcome::Done)
    }

    fn encode(&self, order: ErasureOrdered, report: ErasureReport) -> ErasureReported {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let classes = report.classes.into_iter().map(|class| ClassReport {
            table: class.table.to_owned(),
            before: number(class.before),
            after: number(class.after),
            locked: number(class.locked),
            law: class.law.unwrap_or_default().to_owned(),
            objects: number(class.objects),
            kept: class.kept.iter().map(|kept| KeptItem { item_id: kept.item.to_string(), until: Some(kept.until.to_proto()) }).collect(),
        });
        ErasureReported {
            request_id: order.request_id,
            person_id: order.person_id,
            holder: self.holds.service().to_owned(),
            map_hash: self.holds.map_hash(),
            classes: classes.collect(),
            done_at: Some(report.done_at.to_proto()),
            version: order.version,
            left_over: number(report.left_over),
            expired_at: report.expired_at.map(foundation::Timestamp::to_proto),
        }
    }
}

#[async_trait]
impl Reactor for Erasure {
    fn name(&self) -> &'static str {
        self.name
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        ErasureOrdered::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        match self.erase(envelope).await {
            Ok(outcome) => outcome,
            Err(ReactionError::Poisoned(reason)) => match self.park(envelope, reason).await {
                Ok(()) => Outcome::Parked,
                Err(error) => Outcome::Later(error.to_string()),
            },
            Err(error) => Outcome::Later(error.to_string()),
        }
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        let tx = self.db.begin("holder.park-erasure").await?;
        parked::park_in_tx(&tx, envelope, self.name, reason).await?;
        tx.commit().await
    }
}
