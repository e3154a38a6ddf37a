//! A review as those who sign it see it.

use std::collections::HashMap;

use contract::{
    Category, Purpose,
    privacy::v1::{self as pb, review_item::Rule},
};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{Error, category::Rights, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use service::Caller;

use super::{
    Reviews, gather, is_overdue,
    rows::{ReviewId, review, review_item, review_signature},
};
use crate::{accesses::rows::service_access, exceptions::rows::access_exception};

const MOST: u64 = 200;

/// Everything that a review looks at.
pub(super) struct Opened {
    pub review: review::Model,
    pub items: Vec<review_item::Model>,
    pub entries: HashMap<Uuid, service_access::Model>,
    pub exceptions: HashMap<Uuid, access_exception::Model>,
    /// Of the caller, in every service's log.
    handles: Vec<String>,
    caller: PersonId,
}

impl Opened {
    /// The caller's own access, or an exception that they recorded themselves.
    pub fn is_own(&self, item: &review_item::Model) -> bool {
        let own = |entry: &service_access::Model| self.handles.contains(&entry.actor_handle);
        self.entries.get(&item.about).is_some_and(own)
            || self.exceptions.get(&item.about).is_some_and(|exception| exception.staff == Some(self.caller))
    }
}

impl Reviews {
    /// Reviews that looked into something, what is not signed first, then the newest.
    pub async fn list(&self) -> Result<pb::ListReviewsResponse, Error> {
        let open = query::anonymous::<review::Entity>().filter(review::Column::SignedAt.is_null()).order_by_asc(review::Column::DueAt);
        let signed =
            query::anonymous::<review::Entity>().filter(review::Column::SignedAt.is_not_null()).filter(review::Column::Items.gt(0));
        let mut rows = open.limit(MOST).all(&self.db).await?;
        rows.extend(signed.order_by_desc(review::Column::ToAt).limit(MOST).all(&self.db).await?);
        let now = self.db.clock().now();
        Ok(pb::ListReviewsResponse {
            reviews: rows.iter().map(|row| summary(row, now)).collect(),
            exceptions_refused: is_overdue(&self.db).await?,
        })
    }

    pub async fn get(&self, by: &Caller, id: ReviewId) -> Result<pb::Review, Refusal> {
        let opened = self.opened(by, id).await?;
        self.shown(&opened).await.map_err(Refusal::from)
    }

    /// Names everybody about whom an exception in the review is.
    pub(super) async fn opened(&self, by: &Caller, id: ReviewId) -> Result<Opened, Refusal> {
        let review = query::anonymous::<review::Entity>().filter(review::Column::Id.eq(id)).one(&self.db).await.map_err(Error::from)?;
        let Some(review) = review else {
            by.acts_on_nobody();
            return Err(Refusal::not_found("NO_SUCH_REVIEW", "there is no such review"));
        };
        let items = query::anonymous::<review_item::Entity>().filter(review_item::Column::Review.eq(id.0));
        let items = items.order_by_asc(review_item::Column::Id).all(&self.db).await.map_err(Error::from)?;
        let (of_exceptions, of_entries): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.rule == i32::from(Rule::Exception));
        let ids = |items: Vec<&review_item::Model>| items.into_iter().map(|item| item.about).collect::<Vec<_>>();
        let entries = gather::of_ids(&self.db, ids(of_entries)).await?;
        let exceptions = query::across::<access_exception::Entity>(Purpose::Rights)
            .filter(access_exception::Column::Id.is_in(ids(of_exceptions)))
            .all(&self.db)
            .await
            .map_err(Error::from)?;
        let mut people: Vec<_> = exceptions.iter().map(|row| row.person).collect();
        people.sort();
        people.dedup();
        by.acts_on_each(&people).await?;
        let caller = by.person()?;
        Ok(Opened {
            review,
            items,
            entries: entries.into_iter().map(|row| (row.id, row)).collect(),
            exceptions: exceptions.into_iter().map(|row| (row.id.0, row)).collect(),
            handles: self.handles_of(caller).await?,
            caller,
        })
    }

    pub(super) async fn shown(&self, opened: &Opened) -> Result<pb::Review, Error> {
        let signatures = query::anonymous::<review_signature::Entity>().filter(review_signature::Column::Review.eq(opened.review.id.0));
        let signed: HashMap<Uuid, Timestamp> = signatures.all(&self.db).await?.into_iter().map(|row| (row.id.0, row.at)).collect();
        // Borrowed at once; whoever may not be opened is told apart below.
        let people: Vec<_> = opened.exceptions.values().map(|row| row.person).collect();
        self.keys.many(&people, Category::Rights, Purpose::Rights).await?;
        let mut items = Vec::with_capacity(opened.items.len());
        for item in &opened.items {
            let mut shown = pb::ReviewItem {
                item_id: item.id.to_string(),
                rule: item.rule,
                found: u32::try_from(item.found).unwrap_or(u32::MAX),
                yours: opened.is_own(item),
                signed_at: item.signature.and_then(|id| signed.get(&id)).map(|at| at.to_proto()),
                justified: item.justified,
                ..Default::default()
            };
            if let Some(entry) = opened.entries.get(&item.about) {
                show_entry(&mut shown, entry);
            }
            if let Some(exception) = opened.exceptions.get(&item.about) {
                self.show_exception(&mut shown, exception).await?;
            }
            items.push(shown);
        }
        let now = self.db.clock().now();
        Ok(pb::Review { summary: Some(summary(&opened.review, now)), items, seed: opened.review.seed.clone() })
    }

    async fn show_exception(&self, shown: &mut pb::ReviewItem, row: &access_exception::Model) -> Result<(), Error> {
        shown.at = Some(row.recorded_at.to_proto());
        shown.exception_kind = row.kind;
        shown.exception_until = Some(row.until.to_proto());
        shown.exception_reason = match self.keys.of::<Rights>(row.person, Purpose::Rights).await {
            Ok(key) => row.open_reason(&key)?,
            // Whoever was erased meanwhile took the reason along.
            Err(Error::Erased | Error::NoSuchPerson) => String::new(),
            Err(error) => return Err(error),
        };
        Ok(())
    }
}

fn show_entry(shown: &mut pb::ReviewItem, entry: &service_access::Model) {
    shown.at = Some(entry.at.to_proto());
    shown.service = entry.service.clone();
    shown.method = entry.method.clone();
    shown.role = entry.actor_role.clone();
    shown.actor_handle = entry.actor_handle.clone();
    shown.subject_handle = entry.subject_handle.clone();
    shown.categories = entry.categories.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect();
    shown.purpose = entry.purpose;
    shown.decision = entry.decision.clone();
}

pub(super) fn summary(row: &review::Model, now: Timestamp) -> pb::ReviewSummary {
    pb::ReviewSummary {
        review_id: row.id.to_string(),
        kind: row.kind,
        from: Some(row.from_at.to_proto()),
        to: Some(row.to_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        signed_at: row.signed_at.map(Timestamp::to_proto),
        overdue: row.signed_at.is_none() && row.due_at < now,
        items: u32::try_from(row.items).unwrap_or(u32::MAX),
        unsigned: u32::try_from(row.unsigned).unwrap_or(u32::MAX),
    }
}
