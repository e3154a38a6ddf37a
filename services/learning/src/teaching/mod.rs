//! Teaching: an instructor reads the work of their own learners and answers it.

mod encode;
mod feedback;
pub(crate) mod instructors;
mod queue;
mod reactions;
pub mod rows;
pub mod rpc;
pub mod rules;

use contract::Purpose;
use foundation::{PersonId, Refusal};
use personal_data::{Db, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

pub use feedback::GiveFeedback;
pub use instructors::Instructors;
pub use queue::{Page, Place};
pub use reactions::{ForgetInstructor, NoteInstructor};
use rows::feedback as feedback_row;
use rules::{Mark, Unfit};

use crate::{
    catalogue::Catalogue,
    ids::{FeedbackId, SubmissionId},
    submissions::rows::submission,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such submission")]
    NoSuchSubmission,
    #[error("there is no such enrolment")]
    NoSuchEnrolment,
    #[error("this person is no instructor")]
    NotAnInstructor,
    #[error("the page token is not one of ours")]
    PageToken,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchSubmission => Self::not_found("NO_SUCH_SUBMISSION", "there is no such submission"),
            Error::NoSuchEnrolment => Self::not_found("NO_SUCH_ENROLMENT", "there is no such enrolment"),
            Error::NotAnInstructor => {
                Self::precondition("NOT_AN_INSTRUCTOR", "grant this person the role INSTRUCTOR first; nobody teaches themselves")
            }
            Error::PageToken => Self::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token of the page before, or none"),
            Error::Unfit(why) => {
                let (reason, field) = match why {
                    Unfit::Text => ("INVALID_TEXT", "text"),
                    Unfit::TooManyMarks => ("TOO_MANY_MARKS", "marks"),
                    Unfit::Shape => ("INVALID_MARK", "marks"),
                    Unfit::Outside => ("MARK_OUTSIDE_PHOTOGRAPH", "marks"),
                    Unfit::Scores => ("INVALID_SCORES", "scores"),
                };
                Self::invalid(reason, field, why.to_string())
            }
            Error::Refused(refusal) => refusal,
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

/// Feedback, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    pub id: FeedbackId,
    pub submission: SubmissionId,
    pub text: String,
    pub marks: Vec<Mark>,
    pub scores: Vec<(String, u32)>,
    pub given_at: foundation::Timestamp,
}

#[derive(Clone)]
pub struct Teaching {
    db: Db,
    keys: Keys,
    catalogue: Catalogue,
}

impl Teaching {
    pub fn new(db: Db, keys: Keys, catalogue: Catalogue) -> Self {
        Self { db, keys, catalogue }
    }

    /// Whosever it is: name its learner before anything of it leaves, so that tie and state are asked for. Finding whose it is serves
    /// security alone.
    pub async fn submission(&self, id: SubmissionId) -> Result<submission::Model, Error> {
        let select = query::by_key::<submission::Entity>(id, Purpose::Security);
        select.one(&self.db).await?.ok_or(Error::NoSuchSubmission)
    }

    /// All feedback on one submission of this person, first to last.
    pub async fn feedback_on(&self, learner: PersonId, submission: SubmissionId) -> Result<Vec<Feedback>, Error> {
        let rows = query::of::<feedback_row::Entity>(learner, Purpose::Education)
            .filter(feedback_row::Column::SubmissionId.eq(submission))
            .order_by_asc(feedback_row::Column::GivenAt)
            .all(&self.db)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys.of(learner, Purpose::Education).await?;
        rows.iter().map(|row| feedback::open(row, &key)).collect()
    }
}
