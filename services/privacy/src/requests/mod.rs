//! The requests of a person and their clocks.

pub mod officer;
pub mod rows;
pub mod rpc;

use contract::{Purpose, privacy::v1 as pb};
use foundation::{PersonId, Refusal, Timestamp, sabotage, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use crate::{erasures::rows::erasure, terms::Calendar};
use rows::{CopyRequestId, copy_request};

/// When a right exercised now is due, by the strictest regime.
pub fn due(calendar: &Calendar, right: &str, received: Timestamp) -> Result<Timestamp, Refusal> {
    if sabotage::breaks("P23") {
        return Ok(received);
    }
    calendar.due(right, received).map(|(due, _)| due.at).map_err(|error| Refusal::internal(&error))
}

/// Opens the clock of a copy.
pub async fn open_copy(db: &Db, calendar: &Calendar, person: PersonId) -> Result<CopyRequestId, Refusal> {
    let received = db.clock().now();
    let row = copy_request::Model {
        id: CopyRequestId::new_v7(),
        person,
        received_at: received,
        due_at: due(calendar, "copy", received)?,
        done_at: None,
        version: 0,
    };
    let (id, tx) = (row.id, db.begin_for("privacy.open-copy", person, Purpose::Rights).await?);
    tx.insert::<copy_request::Entity>(row).await?;
    tx.commit().await?;
    Ok(id)
}

/// Stops the clock of a copy: it is in the person's hands.
pub async fn close_copy(db: &Db, person: PersonId, id: CopyRequestId) -> Result<(), Error> {
    let tx = db.begin_for("privacy.close-copy", person, Purpose::Rights).await?;
    if let Some(mut row) = query::by_key::<copy_request::Entity>(id, Purpose::Rights).one(&tx).await? {
        row.done_at = Some(tx.clock().now());
        tx.update::<copy_request::Entity>(&mut row).await?;
    }
    tx.commit().await
}

/// All requests of a person, newest first.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Request>, Error> {
    let copies = query::of::<copy_request::Entity>(person, Purpose::Rights).order_by_desc(copy_request::Column::ReceivedAt).all(db).await?;
    let erasures = query::anonymous::<erasure::Entity>().filter(erasure::Column::Person.eq(person.0)).all(db).await?;
    let erasures = erasures.into_iter().map(|row| pb::Request {
        request_id: row.id.to_string(),
        kind: pb::request::Kind::Erasure.into(),
        received_at: Some(row.ordered_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        done_at: row.done_at.map(Timestamp::to_proto),
    });
    let copies = copies.into_iter().map(|row| pb::Request {
        request_id: row.id.to_string(),
        kind: pb::request::Kind::Copy.into(),
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        done_at: row.done_at.map(Timestamp::to_proto),
    });
    Ok(erasures.chain(copies).collect())
}

/// A page token: micros, a point, an identifier.
pub fn read_token(token: &str) -> Option<(Timestamp, Uuid)> {
    let (at, id) = token.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), Uuid::parse_str(id).ok()?))
}
