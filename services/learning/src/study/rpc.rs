//! Lessons over gRPC.

use contract::learning::v1::{self as pb, lessons_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::Study;
use crate::{catalogue::Language, enrolments::Enrolments, ids::LessonId};

#[derive(Clone)]
pub struct Lessons {
    pub study: Study,
    pub enrolments: Enrolments,
}

#[tonic::async_trait]
impl lessons_server::Lessons for Lessons {
    async fn get_lesson(&self, request: Request<pb::GetLessonRequest>) -> Result<Response<pb::Lesson>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let (lesson, completed) = self.study.lesson(person, LessonId::parse_field(&ask.lesson_id, "lesson_id")?).await?;
        let language = Language::of(&ask.language);
        Ok(Response::new(pb::Lesson {
            lesson_id: lesson.id.to_string(),
            course_id: lesson.course.to_string(),
            module_id: lesson.module.to_string(),
            title: lesson.title.get(language).to_owned(),
            minutes: lesson.minutes,
            text: lesson.text.get(language).to_owned(),
            language: language.code().to_owned(),
            completed,
        }))
    }

    async fn complete_lesson(&self, request: Request<pb::CompleteLessonRequest>) -> Result<Response<pb::Progress>, Status> {
        let person = caller(&request)?.person()?;
        let lesson = self.study.complete(person, LessonId::parse_field(&request.get_ref().lesson_id, "lesson_id")?).await?;
        Ok(Response::new(self.enrolments.progress(person, lesson.course).await?.into()))
    }
}
