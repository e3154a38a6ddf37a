//! An ordered rectification: copies that the map declares are corrected, asked again and reported. No service has code for it.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Class, Purpose,
    holder::v1::{CopyReport, RectificationReported},
    identity::v1::{ResolveNamesRequest, contacts_client::ContactsClient},
    privacy::v1::RectificationOrdered,
};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use foundation::{PersonId, Transport};
use personal_data::{Db, Error, Holds, holder::Current, keys::Keys};

/// The reactor of one service's copies. `identity` is asked what the person is called now, when there is a copy of it.
pub(crate) fn rectify(holds: Holds, db: Db, keys: Keys, identity: Transport) -> Arc<dyn Reactor> {
    let rectification = Rectification { holds, db: db.clone(), keys, source: ContactsClient::new(identity) };
    events::own_reactor(&db, super::named(&db, "rectify-on-order"), rectification)
}

struct Rectification {
    holds: Holds,
    db: Db,
    keys: Keys,
    source: ContactsClient<Transport>,
}

#[async_trait]
impl OwnReaction<RectificationOrdered> for Rectification {
    async fn react(&self, order: RectificationOrdered, arrival: &Arrival) -> Result<Outcome, ReactionError> {
        let person: PersonId = order.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let classes: Vec<Class> = order.classes().collect();
        let correcting = match self.holds.correcting(&self.db, &self.keys, person, &classes).await {
            Ok(correcting) => correcting,
            Err(Error::Erased | Error::NoSuchPerson) => return Ok(Outcome::Dropped),
            Err(error) => return Err(error.into()),
        };
        let current = if correcting.is_empty() { Current::default() } else { self.current(person).await? };
        let tx = self.db.begin("holder.rectify").await?;
        match tx.admit(person, Purpose::Rights).await {
            Ok(()) => {}
            Err(Error::Erased) => return Ok(Outcome::Dropped),
            Err(error) => return Err(error.into()),
        }
        if !arrival.first_in_tx(&tx).await? {
            return Ok(Outcome::Repeated);
        }
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let reports = self.holds.rectify_in_tx(&tx, person, &correcting, &classes, &current).await?.into_iter().map(|report| CopyReport {
            table: report.table.to_owned(),
            copies: number(report.copies),
            corrected: number(report.corrected),
            stale: number(report.stale),
        });
        let reported = RectificationReported {
            request_id: order.request_id,
            person_id: order.person_id,
            holder: self.holds.service().to_owned(),
            map_hash: self.holds.map_hash(),
            copies: reports.collect(),
            done_at: Some(tx.clock().now().to_proto()),
            version: order.version,
        };
        events::announce_in_tx(&tx, reported).await?;
        tx.commit().await?;
        // The old value was overwritten: it leaves the write-ahead log too.
        if !correcting.is_empty() {
            self.db.checkpoint().await?;
        }
        Ok(Outcome::Done)
    }
}

impl Rectification {
    async fn current(&self, person: PersonId) -> Result<Current, ReactionError> {
        let ask = ResolveNamesRequest { person_id: person.to_string() };
        let names = self.source.clone().resolve_names(ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), reason = foundation::reason_of(&status), "identity does not say what a person is called");
            ReactionError::Early("identity does not say what the person is called")
        })?;
        let names = names.into_inner();
        let full_name = format!("{} {}", names.first_name, names.last_name).trim().to_owned();
        Ok(Current(vec![("full_name", full_name), ("first_name", names.first_name), ("last_name", names.last_name)]))
    }
}
