//! An ordered erasure, done over the map and reported. It bypasses the person's state: it makes it.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    holder::v1::{ClassReport, ErasureReported, KeptItem},
    privacy::v1::ErasureOrdered,
};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor, parked};
use foundation::PersonId;
use personal_data::{Db, Holds, holder::ErasureReport, keys::Keys};

/// The reactor of one service's rows.
pub(crate) fn erase(holds: Holds, db: Db, keys: Keys) -> Arc<dyn Reactor> {
    events::own_reactor(&db.clone(), super::named(&db, "erase-on-order"), Erasure { holds, db, keys })
}

struct Erasure {
    holds: Holds,
    db: Db,
    keys: Keys,
}

#[async_trait]
impl OwnReaction<ErasureOrdered> for Erasure {
    async fn react(&self, order: ErasureOrdered, arrival: &Arrival) -> Result<Outcome, ReactionError> {
        let person: PersonId = order.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let removed = self.holds.remove_objects(&self.db, person).await?;
        let tx = self.db.begin("holder.erase").await?;
        if !arrival.first_in_tx(&tx).await? {
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
}

impl Erasure {
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
