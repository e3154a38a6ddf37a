//! Tests: shown without their answers, scored here, taken as often as a learner likes.

mod objection;
pub mod rows;
pub mod rpc;
pub mod rules;

use std::collections::BTreeMap;

use contract::Purpose;
use foundation::{PersonId, Refusal};
use personal_data::{Db, Idempotency, category, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter};

pub use objection::TakeAnswer;
use rules::{Given, Score, Unscorable};

use crate::{
    catalogue::{Catalogue, Test},
    enrolments,
    ids::{AttemptId, TestId},
    study::completion,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such test for this person")]
    NoSuchTest,
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchTest => Self::not_found("NO_SUCH_TEST", "there is no such test in your courses"),
            Error::Unscorable(why) => {
                let reason = match why {
                    Unscorable::UnknownQuestion => "UNKNOWN_QUESTION",
                    Unscorable::UnknownOption => "UNKNOWN_OPTION",
                    Unscorable::WrongKind => "WRONG_KIND_OF_ANSWER",
                };
                Self::invalid(reason, "answers", why.to_string())
            }
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

/// An attempt as its learner sees it.
pub struct Attempt<'a> {
    pub test: &'a Test,
    pub row: rows::Model,
    pub score: Score,
}

#[derive(Clone)]
pub struct Attempts {
    db: Db,
    keys: Keys,
    catalogue: Catalogue,
}

impl Attempts {
    pub fn new(db: Db, keys: Keys, catalogue: Catalogue) -> Self {
        Self { db, keys, catalogue }
    }

    /// The test, and the person's best score so far.
    pub async fn test(&self, person: PersonId, id: TestId) -> Result<(&Test, Option<Score>), Error> {
        let test = self.catalogue.test(id).ok_or(Error::NoSuchTest)?;
        enrolments::open_in(&self.db, person, test.course).await?.ok_or(Error::NoSuchTest)?;
        let taken = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::TestId.eq(id)).all(&self.db).await?;
        if taken.is_empty() {
            return Ok((test, None));
        }
        let key = self.keys.of::<category::Learning>(person, Purpose::Education).await?;
        let scores =
            taken.iter().map(|row| Ok(Score { passed: row.passed, ..read(row.open_score(&key)?)? })).collect::<Result<Vec<_>, Error>>()?;
        Ok((test, scores.into_iter().max_by_key(|score| (score.passed, score.percent))))
    }

    pub async fn submit(
        &self,
        person: PersonId,
        id: TestId,
        given: &BTreeMap<String, Given>,
        claim: &Idempotency,
    ) -> Result<Attempt<'_>, Error> {
        let test = self.catalogue.test(id).ok_or(Error::NoSuchTest)?;
        // Before the key: one borrowed for nothing would contradict the person's erasure.
        enrolments::open_in(&self.db, person, test.course).await?.ok_or(Error::NoSuchTest)?;
        let key = self.keys.of::<category::Learning>(person, Purpose::Education).await?;
        let attempt = AttemptId::new_v7();

        let tx = self.db.begin_for("learning.submit-test", person, Purpose::Education).await?;
        let enrolment = enrolments::open_in(&tx, person, test.course).await?.ok_or(Error::NoSuchTest)?;
        if let Some(first) = tx.first_made(claim, attempt).await? {
            let row = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::Id.eq(first)).one(&tx).await?;
            let row = row.ok_or(Error::NoSuchTest)?;
            let score = read(row.open_score(&key)?)?;
            return Ok(Attempt { test, row, score });
        }
        let score = rules::score(test, given)?;
        let kept = serde_json::to_value(&score).map_err(|_| personal_data::Error::Internal("a score does not serialise".into()))?;
        let row = rows::Model {
            id: attempt,
            learner_id: person,
            course_id: test.course,
            test_id: id,
            passed: score.passed,
            score: rows::Model::seal_score(&key, attempt, &kept),
            taken_at: tx.clock().now(),
        };
        tx.insert::<rows::Entity>(row.clone()).await?;
        if score.passed {
            completion::settle_in_tx(&tx, &self.catalogue, enrolment).await?;
        }
        tx.commit().await?;
        Ok(Attempt { test, row, score })
    }
}

fn read(score: personal_data::JsonValue) -> Result<Score, Error> {
    serde_json::from_value(score).map_err(|_| personal_data::Error::Internal("a kept score cannot be read".into()).into())
}
