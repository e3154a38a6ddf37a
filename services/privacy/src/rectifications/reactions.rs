//! A corrected profile opens a rectification; holders' reports carry it on.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{Class, Purpose, holder::v1::RectificationReported, identity::v1::ProfileChanged};
use events::{Reaction, ReactionError, Reactor, reactor};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    Rectifications, announce_in_tx,
    rows::{State, rectification, rectification_report},
    written,
};
use crate::{consents::rows::derived, requests};

/// Every reaction of rectifications.
pub fn all(rectifications: &Rectifications) -> Vec<Arc<dyn Reactor>> {
    let db = &rectifications.db;
    vec![reactor::<ProfileChanged, _>(db, rectifications.clone()), reactor::<RectificationReported, _>(db, Reports)]
}

fn person(id: &str) -> Result<PersonId, ReactionError> {
    id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))
}

#[async_trait]
impl Reaction<ProfileChanged> for Rectifications {
    const NAME: &'static str = "privacy.open-rectification-on-change";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: ProfileChanged) -> Result<(), ReactionError> {
        let (person, now) = (person(&event.person_id)?, tx.clock().now());
        let classes: Vec<Class> = event.classes().collect();
        let due = requests::due(&self.calendar, "rectification", now).map_err(|_| ReactionError::Early("no due date can be computed"))?;
        let row = rectification::Model {
            id: derived(&[b"rectification", person.0.as_bytes(), &event.version.to_be_bytes()]),
            person,
            classes: written(&classes),
            state: State::Open as i32,
            received_at: now,
            due_at: due,
            orders: 1,
            ordered_at: now,
            look_at: now,
            done_at: None,
            told_at: None,
            version: 0,
        };
        if tx.insert_once::<rectification::Entity>(row.clone()).await? {
            announce_in_tx(tx, &row).await?;
        }
        Ok(())
    }
}

/// One row a holder; a late report on an earlier order changes nothing.
struct Reports;

#[async_trait]
impl Reaction<RectificationReported> for Reports {
    const NAME: &'static str = "privacy.record-rectification-of-holder";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RectificationReported) -> Result<(), ReactionError> {
        let person = person(&event.person_id)?;
        let id: Uuid = event.request_id.parse().map_err(|_| ReactionError::Poisoned("the request is not an identifier"))?;
        let sum = |count: fn(&contract::holder::v1::CopyReport) -> i64| event.copies.iter().map(count).sum();
        let mut report = rectification_report::Model {
            id: derived(&[b"report", id.as_bytes(), event.holder.as_bytes()]),
            person,
            rectification: id,
            answers: event.version,
            copies: sum(|report| report.copies),
            corrected: sum(|report| report.corrected),
            stale: sum(|report| report.stale),
            done_at: event.done_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
            holder: event.holder,
            version: 0,
        };
        let known =
            query::of::<rectification_report::Entity>(person, Purpose::Rights).filter(rectification_report::Column::Id.eq(report.id));
        match known.one(tx).await? {
            None => tx.insert::<rectification_report::Entity>(report).await?,
            Some(known) if known.answers < report.answers => {
                (report.version, report.corrected) = (known.version, report.corrected + known.corrected);
                tx.update::<rectification_report::Entity>(&mut report).await?;
            }
            Some(_) => {}
        }
        let open = query::of::<rectification::Entity>(person, Purpose::Rights).filter(rectification::Column::Id.eq(id));
        if let Some(mut row) = open.one(tx).await?.filter(|row| row.state != State::Done as i32) {
            row.look_at = tx.clock().now();
            tx.update::<rectification::Entity>(&mut row).await?;
        }
        Ok(())
    }
}
