//! An instructor answers a photograph.

use contract::{Purpose, learning::v1::FeedbackGiven};
use events::announce_in_tx;
use foundation::PersonId;
use personal_data::{Idempotency, JsonValue, category, keys::DataKey, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::Caller;

use super::{
    Error, Feedback, Teaching,
    rows::feedback,
    rules::{self, Mark},
};
use crate::{
    enrolments,
    ids::{FeedbackId, SubmissionId},
    study::completion,
    submissions::rows::submission,
};

pub struct GiveFeedback {
    pub submission: SubmissionId,
    pub text: String,
    pub marks: Vec<Mark>,
    pub scores: Vec<(String, u32)>,
    pub claim: Idempotency,
}

impl Teaching {
    /// Answers a submission; the first answer to a course's last open assignment completes the course.
    pub async fn give_feedback(&self, by: &Caller, ask: GiveFeedback) -> Result<Feedback, Error> {
        let found = self.submission(ask.submission).await?;
        by.acts_on(found.learner_id).await?;
        rules::text_is_fit(&ask.text)?;
        rules::marks_within_image(&ask.marks)?;
        let assignment = self.catalogue.assignment(found.assignment_id).ok_or(Error::NoSuchSubmission)?;
        rules::scores_by_rubric(assignment, &ask.scores)?;
        let key = self.keys.of::<category::Learning>(found.learner_id, Purpose::Education).await?;
        self.give_in_one_transaction(by.person()?, found, ask, &key).await
    }

    async fn give_in_one_transaction(
        &self,
        instructor: PersonId,
        found: submission::Model,
        ask: GiveFeedback,
        key: &DataKey<category::Learning>,
    ) -> Result<Feedback, Error> {
        let (learner, id) = (found.learner_id, FeedbackId::new_v4());
        let tx = self.db.begin_for("learning.give-feedback", learner, Purpose::Education).await?;
        if let Some(first) = tx.first_made(&ask.claim, id).await? {
            let select = query::of::<feedback::Entity>(learner, Purpose::Education).filter(feedback::Column::Id.eq(first));
            return open(&select.one(&tx).await?.ok_or(Error::NoSuchSubmission)?, key);
        }
        let row = feedback::Model {
            id,
            learner_id: learner,
            instructor_id: Some(instructor),
            submission_id: found.id,
            text: feedback::Model::seal_text(key, id, &ask.text),
            marks: feedback::Model::seal_marks(key, id, &json(&ask.marks)?),
            scores: feedback::Model::seal_scores(key, id, &json(&ask.scores)?),
            given_at: tx.clock().now(),
        };
        tx.insert::<feedback::Entity>(row.clone()).await?;
        // Read again under the lock: another answer may have come first.
        let select = query::of::<submission::Entity>(learner, Purpose::Education).filter(submission::Column::Id.eq(found.id));
        let mut answered = select.one(&tx).await?.ok_or(Error::NoSuchSubmission)?;
        if answered.answered_at.is_none() {
            answered.answered_at = Some(row.given_at);
            tx.update::<submission::Entity>(&mut answered).await?;
            if let Some(enrolment) = enrolments::open_in(&tx, learner, answered.course_id).await? {
                completion::settle_in_tx(&tx, &self.catalogue, enrolment).await?;
            }
        }
        let event =
            FeedbackGiven { feedback_id: id.to_string(), submission_id: found.id.to_string(), learner_id: learner.to_string(), version: 1 };
        announce_in_tx(&tx, event).await?;
        tx.commit().await?;
        open(&row, key)
    }
}

pub(super) fn open(row: &feedback::Model, key: &DataKey<category::Learning>) -> Result<Feedback, Error> {
    Ok(Feedback {
        id: row.id,
        submission: row.submission_id,
        text: row.open_text(key)?,
        marks: read(row.open_marks(key)?)?,
        scores: read(row.open_scores(key)?)?,
        given_at: row.given_at,
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<JsonValue, Error> {
    serde_json::to_value(value).map_err(|_| personal_data::Error::Internal("feedback does not serialise".into()).into())
}

fn read<T: serde::de::DeserializeOwned>(value: JsonValue) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|_| personal_data::Error::Internal("kept feedback cannot be read".into()).into())
}
