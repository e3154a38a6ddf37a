//! Enrolments over gRPC.

use contract::learning::v1::{self as pb, enrolment::State};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Enrolments, Progress, rows::enrolment};
use crate::{
    catalogue::{Catalogue, Language},
    ids::CourseId,
};

#[tonic::async_trait]
impl pb::enrolments_server::Enrolments for Enrolments {
    async fn list_my_enrolments(
        &self,
        request: Request<pb::ListMyEnrolmentsRequest>,
    ) -> Result<Response<pb::ListMyEnrolmentsResponse>, Status> {
        let person = caller(&request)?.person()?;
        let language = Language::of(&request.get_ref().language);
        let rows = self.of(person).await?;
        let enrolments = rows.iter().map(|row| encode(row, self.catalogue(), language)).collect();
        Ok(Response::new(pb::ListMyEnrolmentsResponse { enrolments }))
    }

    async fn get_progress(&self, request: Request<pb::GetProgressRequest>) -> Result<Response<pb::Progress>, Status> {
        let person = caller(&request)?.person()?;
        let course = CourseId::parse_field(&request.get_ref().course_id, "course_id")?;
        Ok(Response::new(self.progress(person, course).await?.into()))
    }
}

fn encode(row: &enrolment::Model, catalogue: &Catalogue, language: Language) -> pb::Enrolment {
    let state = match (row.open, row.completed_at) {
        (false, _) => State::Closed,
        (true, Some(_)) => State::Completed,
        (true, None) => State::Open,
    };
    pb::Enrolment {
        enrolment_id: row.id.to_string(),
        course_id: row.course_id.to_string(),
        course_title: catalogue.course(row.course_id).map(|course| course.title.get(language).to_owned()).unwrap_or_default(),
        state: state.into(),
        enrolled_at: Some(row.enrolled_at.to_proto()),
        completed_at: row.completed_at.map(|at| at.to_proto()),
        has_instructor: row.instructor_id.is_some(),
    }
}

impl From<Progress<'_>> for pb::Progress {
    fn from(progress: Progress<'_>) -> Self {
        let Progress { course, done, completed, certificate } = progress;
        // What the course no longer has is kept, but not counted.
        let lessons = course.lessons().filter(|lesson| done.lessons.contains(&lesson.id));
        let tests = course.tests().filter(|test| done.tests.contains(&test.id));
        let assignments = course.assignments().filter(|assignment| done.assignments.contains(&assignment.id));
        Self {
            course_id: course.id.to_string(),
            completed_lesson_ids: lessons.map(|lesson| lesson.id.to_string()).collect(),
            lessons_total: count(course.lessons()),
            passed_test_ids: tests.map(|test| test.id.to_string()).collect(),
            tests_total: count(course.tests()),
            answered_assignment_ids: assignments.map(|assignment| assignment.id.to_string()).collect(),
            assignments_total: count(course.assignments()),
            completed,
            certificate_number: certificate.unwrap_or_default(),
        }
    }
}

fn count<T>(parts: impl Iterator<Item = T>) -> u32 {
    u32::try_from(parts.count()).unwrap_or(u32::MAX)
}
