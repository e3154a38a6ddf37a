//! The requests of a person and their clocks.

pub mod officer;
pub mod rows;
pub mod rpc;

use contract::{Purpose, privacy::v1 as pb};
use foundation::{PersonId, Refusal, Timestamp, sabotage, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder};

use crate::{
    cases,
    erasures::rows::erasure,
    objections, states,
    terms::{Calendar, Clock},
};
use rows::{CopyRequestId, copy_request};

/// When a right exercised now is due, by the strictest regime. A calendar with a gap refuses nobody: it counts strictly, says
/// so, and what is open is counted again once the calendar is whole.
pub fn due(calendar: &Calendar, right: &str, received: Timestamp) -> Result<Timestamp, Refusal> {
    if sabotage::breaks("P23") {
        return Ok(received);
    }
    Ok(clock(calendar, right, received)?.due.at)
}

/// As `due`, with whose term it is and by which article.
pub fn clock(calendar: &Calendar, right: &str, received: Timestamp) -> Result<Clock, Refusal> {
    let clock = calendar.governed(right, received).map_err(|error| Refusal::internal(&error))?.strictest;
    if clock.due.provisional {
        tracing::error!(alarm = "CALENDAR_GAP", right, due = %clock.due.date, "no days off are announced for this term: add a calendar file");
    }
    Ok(clock)
}

/// Opens the clock of a copy. A copy that broke off is the same request: its clock runs on.
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
    let broken_off = query::of::<copy_request::Entity>(person, Purpose::Rights).filter(copy_request::Column::DoneAt.is_null());
    if let Some(open) = broken_off.order_by_asc(copy_request::Column::ReceivedAt).one(&tx).await.map_err(Error::from)? {
        return Ok(open.id);
    }
    tx.insert::<copy_request::Entity>(row).await?;
    tx.commit().await?;
    Ok(id)
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
        ..pb::Request::default()
    });
    let copies = copies.into_iter().map(|row| pb::Request {
        request_id: row.id.to_string(),
        kind: pb::request::Kind::Copy.into(),
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        done_at: row.done_at.map(Timestamp::to_proto),
        ..pb::Request::default()
    });
    let (states, objections) = (states::list(db, person).await?, objections::list(db, person).await?);
    let cases = cases::listed::list(db, person).await?;
    let mut all: Vec<_> = erasures.chain(copies).chain(states).chain(objections).chain(cases).collect();
    cases::listed::note_moves(db, &mut all).await?;
    Ok(all)
}

/// A page token: micros, a point, an identifier.
/// What is due later than a place in a list.
pub(crate) fn after<C: ColumnTrait>(due: C, key: C, at: Timestamp, id: Uuid) -> Condition {
    Condition::any().add(due.gt(at)).add(Condition::all().add(due.eq(at)).add(key.gt(id)))
}

pub fn read_token(token: &str) -> Option<(Timestamp, Uuid)> {
    let (at, id) = token.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), Uuid::parse_str(id).ok()?))
}
