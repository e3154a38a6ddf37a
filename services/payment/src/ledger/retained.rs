//! What tax law keeps of the payments of people who are erased, item by item, for the privacy officer and that purpose alone.

use contract::{
    Purpose,
    payment::v1::{self as pb, order, retained_server::Retained as Served},
};
use foundation::{Refusal, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, Mapped, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use tonic::{Request, Response, Status};

use super::rows::tax_receipt::{Column, Entity, Model};

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

/// gRPC adapter and its one query.
pub(crate) struct Rpc(pub Db);

#[tonic::async_trait]
impl Served for Rpc {
    async fn list_retained_receipts(
        &self,
        request: Request<pb::ListRetainedReceiptsRequest>,
    ) -> Result<Response<pb::ListRetainedReceiptsResponse>, Status> {
        let (caller, ask) = (service::caller(&request)?, request.into_inner());
        // Whose they were is known to nobody.
        caller.acts_on_nobody();
        let size = if ask.page_size == 0 { PAGE } else { ask.page_size.min(LARGEST_PAGE) };
        let mut rows = self.page(&ask.page_token, size).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.dated_at.micros(), last.id.0.simple()));
        let receipts = rows.into_iter().map(encode).collect();
        Ok(Response::new(pb::ListRetainedReceiptsResponse { receipts, next_page_token: next.unwrap_or_default() }))
    }
}

impl Rpc {
    /// One more than a page, where there are so many.
    async fn page(&self, token: &str, size: u32) -> Result<Vec<Model>, Refusal> {
        let mut rows = query::kept_by_law::<Entity>(Purpose::LegalRetention);
        if !token.is_empty() {
            let wrong =
                || Refusal::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token of the page before, as it was given to you");
            let (at, id) = place(token).ok_or_else(wrong)?;
            let same = Condition::all().add(Column::DatedAt.eq(at)).add(Column::Id.gt(id));
            rows = rows.filter(Condition::any().add(Column::DatedAt.gt(at)).add(same));
        }
        let rows = rows.order_by_asc(Column::DatedAt).order_by_asc(Column::Id).limit(u64::from(size) + 1);
        Ok(rows.all(&self.0).await.map_err(Error::from)?)
    }
}

fn place(token: &str) -> Option<(Timestamp, Uuid)> {
    let (at, id) = token.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), Uuid::parse_str(id).ok()?))
}

fn encode(row: Model) -> pb::RetainedReceipt {
    pb::RetainedReceipt {
        item_id: row.id.to_string(),
        receipt_number: row.receipt_number,
        dated_at: Some(row.dated_at.to_proto()),
        amount_minor: row.amount_minor,
        currency: row.currency,
        kind: row.kind,
        status: order::State::try_from(row.status).unwrap_or_default().as_str_name().to_owned(),
        law: Entity::MAP.law().unwrap_or_default().to_owned(),
        kept_until: Entity::MAP.keep.map(|keep| keep.ends(row.dated_at).to_proto()),
    }
}
