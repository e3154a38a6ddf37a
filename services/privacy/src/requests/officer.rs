//! The requests of everybody that are not done, for the privacy officer: clocks and states, and nobody's name.

use std::sync::Arc;

use contract::{
    Purpose,
    privacy::v1::{self as pb, officer_server::Officer as Api},
};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use service::{Caller, caller};
use tonic::{Request, Response, Status};

use super::{after, rows::copy_request};
use crate::erasures::{
    Erasures,
    rows::{ErasureId, State, erasure},
};

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
const TRIES: u32 = 5;

/// gRPC adapter of the officer's desk.
pub struct Desk {
    pub db: Db,
    pub erasures: Arc<Erasures>,
}

/// A request that is not done, and whose it is.
struct Open {
    person: PersonId,
    due_at: Timestamp,
    id: Uuid,
    shown: pb::OpenRequest,
}

#[tonic::async_trait]
impl Api for Desk {
    async fn list_open_requests(
        &self,
        request: Request<pb::ListOpenRequestsRequest>,
    ) -> Result<Response<pb::ListOpenRequestsResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.get_ref();
        let size = if ask.page_size == 0 { PAGE } else { ask.page_size.min(LARGEST_PAGE) };
        let (open, more) = self.named(&by, &ask.page_token, size).await?;
        let next = open.last().filter(|_| more).map(|last| format!("{}.{}", last.due_at.micros(), last.id.simple()));
        let requests = open.into_iter().map(|open| open.shown).collect();
        Ok(Response::new(pb::ListOpenRequestsResponse { requests, next_page_token: next.unwrap_or_default() }))
    }

    async fn resume_erasure(&self, request: Request<pb::ResumeErasureRequest>) -> Result<Response<pb::OpenRequest>, Status> {
        let (by, ask) = (caller(&request)?, request.get_ref());
        let id = ErasureId::parse_field(&ask.request_id, "request_id")?;
        let row = self.erasures.resume(&by, id, &ask.reason).await?;
        Ok(Response::new(of_erasure(row, self.db.clock().now())))
    }
}

impl Desk {
    /// A page whose people are all named, and whether there is more. A request may get done while the page is read, and the
    /// tie goes with it: then it is read again.
    async fn named(&self, by: &Caller, page_token: &str, size: u32) -> Result<(Vec<Open>, bool), Refusal> {
        let mut tries = 0;
        loop {
            let mut open = self.open(page_token, size).await?;
            let more = open.len() > size as usize;
            open.truncate(size as usize);
            let people: Vec<_> = open.iter().map(|open| open.person).collect();
            match by.acts_on_each(&people).await {
                Err(refusal) if refusal.reason == "NO_TIE" && tries < TRIES => tries += 1,
                other => return other.map(|()| (open, more)),
            }
        }
    }

    /// One more than a page at least, where there are so many; the one that is due first on top.
    async fn open(&self, page_token: &str, size: u32) -> Result<Vec<Open>, Refusal> {
        let (now, limit) = (self.db.clock().now(), u64::from(size) + 1);
        let mut erasures =
            query::anonymous::<erasure::Entity>().filter(erasure::Column::State.is_not_in([State::Done as i32, State::Cancelled as i32]));
        let mut copies = query::across::<copy_request::Entity>(Purpose::Rights).filter(copy_request::Column::DoneAt.is_null());
        if !page_token.is_empty() {
            let (at, id) = super::read_token(page_token)
                .ok_or_else(|| Refusal::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token as the page before gave it"))?;
            erasures = erasures.filter(after(erasure::Column::DueAt, erasure::Column::Id, at, id));
            copies = copies.filter(after(copy_request::Column::DueAt, copy_request::Column::Id, at, id));
        }
        let erasures = erasures.order_by_asc(erasure::Column::DueAt).order_by_asc(erasure::Column::Id).limit(limit);
        let copies = copies.order_by_asc(copy_request::Column::DueAt).order_by_asc(copy_request::Column::Id).limit(limit);
        let mut open: Vec<Open> = Vec::new();
        for row in erasures.all(&self.db).await.map_err(Error::from)? {
            let Some(person) = row.person.map(PersonId) else { continue };
            open.push(Open { person, due_at: row.due_at, id: row.id.0, shown: of_erasure(row, now) });
        }
        for row in copies.all(&self.db).await.map_err(Error::from)? {
            open.push(Open { person: row.person, due_at: row.due_at, id: row.id.0, shown: of_copy(&row, now) });
        }
        let place = super::read_token(page_token);
        for row in crate::cases::listed::open(&self.db, place, limit).await? {
            open.push(Open { person: row.person, due_at: row.due_at, id: row.id, shown: row.shown });
        }
        for row in crate::states::open::list(&self.db, place, limit).await? {
            open.push(Open { person: row.person, due_at: row.due_at, id: row.id, shown: row.shown });
        }
        open.sort_by_key(|open| (open.due_at, open.id));
        Ok(open)
    }
}

fn of_erasure(row: erasure::Model, now: Timestamp) -> pb::OpenRequest {
    let state = match State::of(row.state) {
        State::Contradicted => pb::open_request::State::Contradicted,
        State::Open | State::Done | State::Waiting | State::Cancelled => pb::open_request::State::Open,
    };
    pb::OpenRequest {
        request_id: row.id.to_string(),
        kind: pb::request::Kind::Erasure.into(),
        received_at: Some(row.ordered_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        overdue: row.due_at < now,
        state: state.into(),
        contradiction: row.contradiction.unwrap_or_default(),
    }
}

fn of_copy(row: &copy_request::Model, now: Timestamp) -> pb::OpenRequest {
    pb::OpenRequest {
        request_id: row.id.to_string(),
        kind: pb::request::Kind::Copy.into(),
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        overdue: row.due_at < now,
        state: pb::open_request::State::Open.into(),
        ..pb::OpenRequest::default()
    }
}
