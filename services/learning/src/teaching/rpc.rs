//! Teaching over gRPC.

use contract::learning::v1::{self as pb, teaching_server};
use foundation::PersonId;
use service::caller;
use tonic::{Request, Response, Status};

use super::{Error, GiveFeedback, Instructors, Place, Teaching, rules::Mark};
use crate::{
    ids::{EnrolmentId, SubmissionId},
    submissions::{
        Photographs, Size,
        rows::submission,
        rpc::{BodyStream, encode},
    },
};

#[derive(Clone)]
pub struct Rpc {
    pub teaching: Teaching,
    pub instructors: Instructors,
    pub photographs: Photographs,
}

impl Rpc {
    /// The submission, once the caller's tie to its learner is known.
    async fn tied<T>(&self, request: &Request<T>, id: &str) -> Result<submission::Model, Status> {
        let by = caller(request)?;
        let found = self.teaching.submission(SubmissionId::parse_field(id, "submission_id")?).await?;
        by.acts_on(found.learner_id).await?;
        Ok(found)
    }
}

#[tonic::async_trait]
impl teaching_server::Teaching for Rpc {
    type GetOriginalStream = BodyStream;
    type GetRenditionForReviewStream = BodyStream;

    async fn list_queue(&self, request: Request<pb::ListQueueRequest>) -> Result<Response<pb::ListQueueResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let after = if ask.page_token.is_empty() { None } else { Some(ask.page_token.parse::<Place>()?) };
        let page = self.teaching.queue(by.person()?, ask.page_size, after).await?;
        let mut learners: Vec<_> = page.submissions.iter().map(|row| row.learner_id).collect();
        learners.sort();
        learners.dedup();
        by.acts_on_each(&learners).await?;
        let submissions = page.submissions.iter().map(|row| pb::QueuedSubmission {
            submission_id: row.id.to_string(),
            assignment_id: row.assignment_id.to_string(),
            course_id: row.course_id.to_string(),
            learner_id: row.learner_id.to_string(),
            sent_at: Some(row.sent_at.to_proto()),
        });
        let next_page_token = page.next.map(|place| place.to_string()).unwrap_or_default();
        Ok(Response::new(pb::ListQueueResponse { submissions: submissions.collect(), next_page_token }))
    }

    async fn open_submission(&self, request: Request<pb::OpenSubmissionRequest>) -> Result<Response<pb::SubmissionForReview>, Status> {
        let found = self.tied(&request, &request.get_ref().submission_id).await?;
        let opened = self.photographs.open(&found).await?;
        let feedback = self.teaching.feedback_on(found.learner_id, found.id).await?;
        Ok(Response::new(pb::SubmissionForReview {
            submission: Some(encode(&found, Some(opened), feedback)),
            learner_id: found.learner_id.to_string(),
        }))
    }

    async fn get_original(&self, request: Request<pb::GetOriginalRequest>) -> Result<Response<BodyStream>, Status> {
        let found = self.tied(&request, &request.get_ref().submission_id).await?;
        Ok(Response::new(self.photographs.stream(&found, Size::Full).await?))
    }

    async fn get_rendition_for_review(&self, request: Request<pb::GetRenditionForReviewRequest>) -> Result<Response<BodyStream>, Status> {
        let size = Size::parse(request.get_ref().size)?;
        let found = self.tied(&request, &request.get_ref().submission_id).await?;
        Ok(Response::new(self.photographs.stream(&found, size).await?))
    }

    async fn give_feedback(&self, request: Request<pb::GiveFeedbackRequest>) -> Result<Response<pb::Feedback>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let ask = GiveFeedback {
            submission: SubmissionId::parse_field(&ask.submission_id, "submission_id")?,
            claim: by.idempotency(&ask.idempotency_key, &ask)?,
            text: ask.text,
            marks: ask.marks.into_iter().map(Mark::from).collect(),
            scores: ask.scores.into_iter().map(|score| (score.criterion_id, score.points)).collect(),
        };
        Ok(Response::new(self.teaching.give_feedback(&by, ask).await?.into()))
    }

    async fn assign_instructor(
        &self,
        request: Request<pb::AssignInstructorRequest>,
    ) -> Result<Response<pb::AssignInstructorResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let enrolment = EnrolmentId::parse_field(&ask.enrolment_id, "enrolment_id")?;
        let instructor = PersonId::parse_field(&ask.instructor_id, "instructor_id")?;
        let row = self.instructors.enrolment(enrolment).await?.ok_or(Error::NoSuchEnrolment)?;
        by.acts_on(row.learner_id).await?;
        if row.learner_id == instructor || !self.instructors.is_instructor(instructor).await? {
            return Err(Error::NotAnInstructor.into());
        }
        self.instructors.assign(row, instructor).await?;
        Ok(Response::new(pb::AssignInstructorResponse {}))
    }
}
