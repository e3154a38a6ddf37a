//! An attempt's result is decided by a program: how, for whoever looks at an objection, and what a person decided instead.

use async_trait::async_trait;
use contract::{
    Purpose,
    learning::v1::{self as pb, decisions_server},
    privacy::v1::ObjectionAnswered,
};
use events::{Reaction, ReactionError};
use foundation::PersonId;
use personal_data::{category, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Attempts, Error, read, rows};
use crate::{catalogue::Catalogue, enrolments, ids::AttemptId, study::completion};

impl Attempts {
    /// How an attempt of this person was scored, whatever their state: it is their right to know.
    async fn decision(&self, person: PersonId, id: AttemptId) -> Result<pb::TestDecision, Error> {
        let own = query::of::<rows::Entity>(person, Purpose::Rights).filter(rows::Column::Id.eq(id));
        let row = own.one(&self.db).await?.ok_or(Error::NoSuchTest)?;
        let key = self.keys.of::<category::Learning>(person, Purpose::Rights).await?;
        let score = read(row.open_score(&key)?)?;
        Ok(pb::TestDecision {
            test_id: row.test_id.to_string(),
            percent: score.percent,
            percent_to_pass: self.catalogue.test(row.test_id).map_or(0, |test| test.pass_percent),
            passed: row.passed,
            taken_at: Some(row.taken_at.to_proto()),
        })
    }
}

#[tonic::async_trait]
impl decisions_server::Decisions for Attempts {
    async fn get_test_decision(&self, request: Request<pb::GetTestDecisionRequest>) -> Result<Response<pb::TestDecision>, Status> {
        let by = caller(&request)?;
        let person = PersonId::parse_field(&request.get_ref().person_id, "person_id")?;
        by.acts_on(person).await?;
        let attempt = AttemptId::parse_field(&request.get_ref().attempt_id, "attempt_id")?;
        Ok(Response::new(self.decision(person, attempt).await?))
    }
}

/// A person decided that an attempt counts as passed.
pub struct TakeAnswer(pub Catalogue);

#[async_trait]
impl Reaction<ObjectionAnswered> for TakeAnswer {
    const NAME: &'static str = "learning.pass-test-on-objection";
    const PURPOSE: Purpose = Purpose::Education;

    async fn react_in_tx(&self, tx: &personal_data::Tx, answered: ObjectionAnswered) -> Result<(), ReactionError> {
        let (Ok(person), Ok(attempt)) = (answered.person_id.parse::<PersonId>(), answered.decision_id.parse::<AttemptId>()) else {
            return Err(ReactionError::Poisoned("an identifier of the answer cannot be read"));
        };
        let own = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::Id.eq(attempt));
        let Some(mut row) = own.one(tx).await?.filter(|row| answered.overturned && !row.passed) else { return Ok(()) };
        row.passed = true;
        tx.update::<rows::Entity>(&mut row).await?;
        if let Some(enrolment) = enrolments::open_in(tx, person, row.course_id).await? {
            completion::settle_in_tx(tx, &self.0, enrolment).await?;
        }
        Ok(())
    }
}
