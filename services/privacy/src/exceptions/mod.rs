//! How staff without a tie get to one person's data: by a recorded exception, for hours, told and reviewed.

pub mod rows;
pub mod rpc;
mod rules;

use contract::{
    Purpose,
    privacy::v1::{self as pb, exception_reason::Kind, officer_alerted},
};
use foundation::{PersonId, Refusal, Timestamp};
use personal_data::{Db, Error, category::Rights, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use service::Caller;

use crate::{officers, reviews};
use rows::{ExceptionId, access_exception};

#[derive(Clone)]
pub struct Exceptions {
    pub db: Db,
    pub keys: Keys,
}

impl Exceptions {
    pub async fn record(&self, by: &Caller, ask: &pb::RecordExceptionRequest) -> Result<access_exception::Model, Refusal> {
        let person = PersonId::parse_field(&ask.person_id, "person_id")?;
        by.acts_on(person).await?;
        let (staff, now) = (by.person()?, self.db.clock().now());
        let kind = rules::kind(ask.kind())?;
        let reason = rules::reason(&ask.reason)?;
        let until = rules::until(ask.until.as_ref().map(Timestamp::from_proto), now)?;
        if staff == person {
            return Err(Refusal::denied("OWN_EXCEPTION", "nobody needs an exception for their own data"));
        }
        let claim = by.idempotency(&ask.idempotency_key, ask)?;
        if let Some(first) = self.db.made_before(&claim).await? {
            return self.get(ExceptionId(first)).await;
        }
        // Break-glass is for a house whose logs are looked at.
        if reviews::is_overdue(&self.db).await? {
            return Err(Refusal::precondition(
                "REVIEW_OVERDUE",
                "exceptions are refused while a review of the access logs is overdue: have it signed",
            ));
        }
        let key = self.keys.of::<Rights>(person, Purpose::Rights).await?;
        let id = ExceptionId::new_v7();
        let reason = access_exception::Model::seal_reason(&key, id, reason);
        let row = access_exception::Model { id, person, staff: Some(staff), kind: kind.into(), reason, recorded_at: now, until };
        let tx = self.db.begin_for("privacy.record-exception", person, Purpose::Rights).await?;
        if let Some(first) = tx.first_made(&claim, id).await? {
            drop(tx);
            return self.get(ExceptionId(first)).await;
        }
        tx.insert::<access_exception::Entity>(row.clone()).await?;
        officers::alert_in_tx(&tx, officer_alerted::Kind::ExceptionRecorded, id.0).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The kind of the exception that holds now. None holds while a review is overdue.
    pub async fn find(&self, staff: PersonId, person: PersonId) -> Result<Kind, Error> {
        let now = self.db.clock().now();
        let holding = query::of::<access_exception::Entity>(person, Purpose::Rights)
            .filter(access_exception::Column::Staff.eq(staff))
            .filter(access_exception::Column::RecordedAt.lte(now))
            .filter(access_exception::Column::Until.gt(now))
            .order_by_desc(access_exception::Column::Until);
        match holding.one(&self.db).await? {
            Some(row) if !reviews::is_overdue(&self.db).await? => Ok(Kind::try_from(row.kind).unwrap_or_default()),
            _ => Ok(Kind::Unspecified),
        }
    }

    async fn get(&self, id: ExceptionId) -> Result<access_exception::Model, Refusal> {
        let row = query::by_key::<access_exception::Entity>(id, Purpose::Rights).one(&self.db).await.map_err(Error::from)?;
        row.ok_or_else(|| Error::NoSuchPerson.into())
    }
}
