//! An ordered rectification: copies that the map declares are corrected, asked again and reported. No service has code for it.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Class, Event, Purpose,
    holder::v1::{CopyReport, RectificationReported},
    identity::v1::{ResolveNamesRequest, contacts_client::ContactsClient},
    privacy::v1::RectificationOrdered,
};
use events::{Envelope, Outcome, ReactionError, Reactor, inbox, parked};
use foundation::{PersonId, Transport};
use personal_data::{Db, Error, Holds, holder::Current, keys::Keys};

/// The reactor of one service's copies. `identity` is asked what the person is called now, when there is a copy of it.
pub(crate) fn rectify(holds: Holds, db: Db, keys: Keys, identity: Transport) -> Arc<dyn Reactor> {
    let name = Box::leak(format!("{}.holder.rectify-on-order", db.service()).into_boxed_str());
    Arc::new(Rectification { holds, db, keys, source: ContactsClient::new(identity), name })
}

struct Rectification {
    holds: Holds,
    db: Db,
    keys: Keys,
    source: ContactsClient<Transport>,
    name: &'static str,
}

impl Rectification {
    async fn rectify(&self, envelope: &Envelope) -> Result<Outcome, ReactionError> {
        let order: RectificationOrdered = envelope.open().ok_or(ReactionError::Poisoned("the payload is not an order"))?;
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
        if !inbox::first_in_tx(&tx, envelope.id, self.name).await? {
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

#[async_trait]
impl Reactor for Rectification {
    fn name(&self) -> &'static str {
        self.name
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        RectificationOrdered::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        match self.rectify(envelope).await {
            Ok(outcome) => outcome,
            Err(ReactionError::Poisoned(reason)) => match self.park(envelope, reason).await {
                Ok(()) => Outcome::Parked,
                Err(error) => Outcome::Later(error.to_string()),
            },
            Err(error) => Outcome::Later(error.to_string()),
        }
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        let tx = self.db.begin("holder.park-rectification").await?;
        parked::park_in_tx(&tx, envelope, self.name, reason).await?;
        tx.commit().await
    }
}
