//! Cases and rectifications in the lists of their person and of the officer.

use std::collections::BTreeMap;

use contract::{
    Purpose,
    privacy::v1::{self as pb, request::Kind},
};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::rights_case;
use crate::{
    clocks::rows::due_change,
    rectifications::rows::{State, rectification},
    requests::after,
    states::open::Open,
};

/// All of a person's, as they see them.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Request>, Error> {
    let cases = query::of::<rights_case::Entity>(person, Purpose::Rights).order_by_desc(rights_case::Column::ReceivedAt).all(db).await?;
    let rectified =
        query::of::<rectification::Entity>(person, Purpose::Rights).order_by_desc(rectification::Column::ReceivedAt).all(db).await?;
    let shown = |id: Uuid, kind: i32, received_at: Timestamp, due_at: Timestamp| pb::Request {
        request_id: id.to_string(),
        kind,
        received_at: Some(received_at.to_proto()),
        due_at: Some(due_at.to_proto()),
        ..pb::Request::default()
    };
    let cases = cases.into_iter().map(|row| pb::Request {
        done_at: row.answered_at.map(Timestamp::to_proto),
        told_at: row.told_at.map(Timestamp::to_proto),
        ..shown(row.id.into(), row.kind, row.received_at, row.due_at)
    });
    let rectified = rectified.into_iter().map(|row| pb::Request {
        done_at: row.done_at.map(Timestamp::to_proto),
        in_force_at: row.done_at.map(Timestamp::to_proto),
        told_at: row.told_at.map(Timestamp::to_proto),
        ..shown(row.id, Kind::Rectification.into(), row.received_at, row.due_at)
    });
    Ok(rectified.chain(cases).collect())
}

/// Says of each request how often a changed calendar moved its due date.
pub async fn note_moves(db: &Db, requests: &mut [pb::Request]) -> Result<(), Error> {
    let ids: Vec<Uuid> = requests.iter().filter_map(|request| request.request_id.parse().ok()).collect();
    let moves = query::anonymous::<due_change::Entity>().filter(due_change::Column::Request.is_in(ids)).all(db).await?;
    let mut counts: BTreeMap<String, i32> = BTreeMap::new();
    for change in moves {
        *counts.entry(change.request.to_string()).or_default() += 1;
    }
    for request in requests {
        request.due_moved = counts.get(&request.request_id).copied().unwrap_or_default();
    }
    Ok(())
}

/// Whatever is not done, for the officer's list: at most `limit` of each kind, after a place of the list.
pub async fn open(db: &Db, place: Option<(Timestamp, Uuid)>, limit: u64) -> Result<Vec<Open>, Error> {
    use {rectification::Column as Rectified, rights_case::Column as Case};
    let mut cases = query::across::<rights_case::Entity>(Purpose::Rights).filter(Case::AnsweredAt.is_null());
    let mut rectified = query::across::<rectification::Entity>(Purpose::Rights).filter(Rectified::DoneAt.is_null());
    if let Some((at, id)) = place {
        cases = cases.filter(after(Case::DueAt, Case::Id, at, id));
        rectified = rectified.filter(after(Rectified::DueAt, Rectified::Id, at, id));
    }
    let cases = cases.order_by_asc(Case::DueAt).order_by_asc(Case::Id).limit(limit).all(db).await?;
    let rectified = rectified.order_by_asc(Rectified::DueAt).order_by_asc(Rectified::Id).limit(limit).all(db).await?;
    let now = db.clock().now();
    let shown = |person, id: Uuid, kind: i32, received_at: Timestamp, due_at: Timestamp, state: pb::open_request::State| Open {
        person,
        due_at,
        id,
        shown: pb::OpenRequest {
            request_id: id.to_string(),
            kind,
            received_at: Some(received_at.to_proto()),
            due_at: Some(due_at.to_proto()),
            overdue: due_at < now,
            state: state.into(),
            ..pb::OpenRequest::default()
        },
    };
    let cases =
        cases.into_iter().map(|row| shown(row.person, row.id.into(), row.kind, row.received_at, row.due_at, pb::open_request::State::Open));
    let rectified = rectified.into_iter().map(|row| {
        let contradicted = row.state == State::Contradicted as i32;
        let state = if contradicted { pb::open_request::State::Contradicted } else { pb::open_request::State::Open };
        shown(row.person, row.id, Kind::Rectification.into(), row.received_at, row.due_at, state)
    });
    Ok(cases.chain(rectified).collect())
}

/// Whether something of this person's waits, or was answered a moment ago.
pub async fn is_open(db: &Db, person: PersonId) -> Result<bool, Error> {
    let open = query::of::<rectification::Entity>(person, Purpose::Rights).filter(rectification::Column::DoneAt.is_null());
    Ok(open.one(db).await?.is_some() || super::is_before_officer(db, person).await?)
}
