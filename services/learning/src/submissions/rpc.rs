//! Submissions over gRPC.

use std::pin::Pin;

use contract::{
    google::api::HttpBody,
    learning::v1::{self as pb, submission::State, submissions_server},
};
use futures::Stream;
use photograph::Exposure;
use service::caller;
use tonic::{Request, Response, Status};

use super::{Opened, Photographs, PrepareUpload, Prepared, SendIn, Size, Submissions, rows::submission};
use crate::{
    catalogue::{Assignment, Language},
    ids::{AssignmentId, CourseId, SubmissionId, UploadId},
    teaching::{self, Teaching},
};

/// The bytes of a photograph.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

#[derive(Clone)]
pub struct Rpc {
    pub submissions: Submissions,
    pub photographs: Photographs,
    pub teaching: Teaching,
}

#[tonic::async_trait]
impl submissions_server::Submissions for Rpc {
    type GetRenditionStream = BodyStream;

    async fn get_assignment(&self, request: Request<pb::GetAssignmentRequest>) -> Result<Response<pb::Assignment>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let id = AssignmentId::parse_field(&ask.assignment_id, "assignment_id")?;
        let assignment = self.submissions.assignment(person, id).await?;
        Ok(Response::new(encode_assignment(assignment, Language::of(&ask.language))))
    }

    async fn prepare_upload(&self, request: Request<pb::PrepareUploadRequest>) -> Result<Response<pb::Upload>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let prepare = PrepareUpload {
            assignment: AssignmentId::parse_field(&ask.assignment_id, "assignment_id")?,
            size_bytes: ask.size_bytes,
            claim: by.idempotency(&ask.idempotency_key, &ask)?,
        };
        Ok(Response::new(self.submissions.prepare(by.person()?, prepare).await?.into()))
    }

    async fn create_submission(&self, request: Request<pb::CreateSubmissionRequest>) -> Result<Response<pb::Submission>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let send = SendIn {
            upload: UploadId::parse_field(&ask.upload_id, "upload_id")?,
            assignment: AssignmentId::parse_field(&ask.assignment_id, "assignment_id")?,
            claim: by.idempotency(&ask.idempotency_key, &ask)?,
            note: ask.note,
        };
        let row = self.submissions.send(by.person()?, send).await?;
        self.whole(&row).await
    }

    async fn get_submission(&self, request: Request<pb::GetSubmissionRequest>) -> Result<Response<pb::Submission>, Status> {
        let person = caller(&request)?.person()?;
        let id = SubmissionId::parse_field(&request.get_ref().submission_id, "submission_id")?;
        let row = self.submissions.own(person, id).await?;
        self.whole(&row).await
    }

    async fn list_my_submissions(
        &self,
        request: Request<pb::ListMySubmissionsRequest>,
    ) -> Result<Response<pb::ListMySubmissionsResponse>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let course = if ask.course_id.is_empty() { None } else { Some(CourseId::parse_field(&ask.course_id, "course_id")?) };
        let rows = self.submissions.of(person, course).await?;
        let submissions = rows.iter().map(|row| encode(row, None, Vec::new())).collect();
        Ok(Response::new(pb::ListMySubmissionsResponse { submissions }))
    }

    async fn get_rendition(&self, request: Request<pb::GetRenditionRequest>) -> Result<Response<BodyStream>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let size = Size::parse(ask.size)?;
        let row = self.submissions.own(person, SubmissionId::parse_field(&ask.submission_id, "submission_id")?).await?;
        Ok(Response::new(self.photographs.stream(&row, size).await?))
    }
}

impl Rpc {
    async fn whole(&self, row: &submission::Model) -> Result<Response<pb::Submission>, Status> {
        let opened = self.photographs.open(row).await?;
        let feedback = self.teaching.feedback_on(row.learner_id, row.id).await?;
        Ok(Response::new(encode(row, Some(opened), feedback)))
    }
}

/// A submission; without its sealed part in lists.
pub(crate) fn encode(row: &submission::Model, opened: Option<Opened>, feedback: Vec<teaching::Feedback>) -> pb::Submission {
    let state = if row.answered_at.is_some() { State::Answered } else { State::Waiting };
    let (note, details) = opened.map(|opened| (opened.note, opened.details)).unzip();
    pb::Submission {
        submission_id: row.id.to_string(),
        assignment_id: row.assignment_id.to_string(),
        state: state.into(),
        note: note.unwrap_or_default(),
        width: details.as_ref().map_or(0, |details| details.width),
        height: details.as_ref().map_or(0, |details| details.height),
        exposure: details.map(|details| encode_exposure(details.exposure)),
        sent_at: Some(row.sent_at.to_proto()),
        feedback: feedback.into_iter().map(pb::Feedback::from).collect(),
        rendition_sizes: Size::ASKED.to_vec(),
    }
}

fn encode_exposure(exposure: Exposure) -> pb::Exposure {
    let Exposure { camera, lens, exposure_time, aperture, iso, focal_length, taken_at } = exposure;
    pb::Exposure { camera, lens, exposure_time, aperture, iso, focal_length, taken_at }
}

impl From<Prepared> for pb::Upload {
    fn from(prepared: Prepared) -> Self {
        let headers = prepared.put.headers.into_iter().map(|(name, value)| pb::upload::Header { name, value });
        Self {
            upload_id: prepared.id.to_string(),
            url: prepared.put.url,
            headers: headers.collect(),
            expires_at: Some(prepared.expires_at.to_proto()),
        }
    }
}

fn encode_assignment(assignment: &Assignment, language: Language) -> pb::Assignment {
    let criteria = assignment.criteria.iter().map(|criterion| pb::assignment::Criterion {
        criterion_id: criterion.id.clone(),
        title: criterion.title.get(language).to_owned(),
        levels: criterion
            .levels
            .iter()
            .map(|level| pb::assignment::Level { points: level.points, text: level.text.get(language).to_owned() })
            .collect(),
    });
    pb::Assignment {
        assignment_id: assignment.id.to_string(),
        module_id: assignment.module.to_string(),
        title: assignment.title.get(language).to_owned(),
        task: assignment.task.get(language).to_owned(),
        photographs: assignment.photographs,
        criteria: criteria.collect(),
    }
}
