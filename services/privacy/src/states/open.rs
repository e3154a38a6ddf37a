//! Requests and objections that are not done, for the officer's list: the one that is due first on top.

use contract::{Purpose, privacy::v1 as pb};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Kind, rows::state_request};
use crate::{objections::rows as objection, requests::after};

/// A request that is not done, and whose it is.
pub struct Open {
    pub person: PersonId,
    pub due_at: Timestamp,
    pub id: Uuid,
    pub shown: pb::OpenRequest,
}

/// At most `limit` of each kind, after a place (due, identifier) of the list.
pub async fn list(db: &Db, place: Option<(Timestamp, Uuid)>, limit: u64) -> Result<Vec<Open>, Error> {
    use objection::Column as Objection;
    use state_request::Column as Request;
    let mut requests = query::across::<state_request::Entity>(Purpose::Rights).filter(Request::DoneAt.is_null());
    let mut objections = query::across::<objection::Entity>(Purpose::Rights).filter(Objection::AnsweredAt.is_null());
    if let Some((at, id)) = place {
        requests = requests.filter(after(Request::DueAt, Request::Id, at, id));
        objections = objections.filter(after(Objection::DueAt, Objection::Id, at, id));
    }
    let requests = requests.order_by_asc(Request::DueAt).order_by_asc(Request::Id).limit(limit).all(db).await?;
    let objections = objections.order_by_asc(Objection::DueAt).order_by_asc(Objection::Id).limit(limit).all(db).await?;
    let now = db.clock().now();
    let show = |person, id: Uuid, kind: pb::request::Kind, received_at: Timestamp, due_at: Timestamp| Open {
        person,
        due_at,
        id,
        shown: pb::OpenRequest {
            request_id: id.to_string(),
            kind: kind.into(),
            received_at: Some(received_at.to_proto()),
            due_at: Some(due_at.to_proto()),
            overdue: due_at < now,
            state: pb::open_request::State::Open.into(),
            ..pb::OpenRequest::default()
        },
    };
    let requests = requests.iter().map(|row| show(row.person, row.id.0, Kind::of(row.kind).shown(), row.received_at, row.due_at));
    let objections = objections.iter().map(|row| show(row.person, row.id.0, pb::request::Kind::Objection, row.received_at, row.due_at));
    Ok(requests.chain(objections).collect())
}
