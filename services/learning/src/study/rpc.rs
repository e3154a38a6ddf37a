//! Lessons over gRPC.

use contract::learning::v1::{self as pb, lessons_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::Study;
use crate::{
    catalogue::Language,
    enrolments::Enrolments,
    facts::{Facts, rules::rounded},
    ids::LessonId,
};

#[derive(Clone)]
pub struct Lessons {
    pub study: Study,
    pub enrolments: Enrolments,
    pub facts: Facts,
}

#[tonic::async_trait]
impl lessons_server::Lessons for Lessons {
    async fn get_lesson(&self, request: Request<pb::GetLessonRequest>) -> Result<Response<pb::Lesson>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let (lesson, completed) = self.study.lesson(person, LessonId::parse_field(&ask.lesson_id, "lesson_id")?).await?;
        if completed && let Err(error) = self.facts.opened(person, lesson).await {
            // A statistic that is missing keeps nobody from reading.
            tracing::warn!(%error, "a return to a lesson could not be counted");
        }
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
        let ask = request.into_inner();
        let (lesson, minutes) = (LessonId::parse_field(&ask.lesson_id, "lesson_id")?, rounded(ask.minutes_spent)?);
        let lesson = self.study.complete(person, lesson, minutes).await?;
        Ok(Response::new(self.enrolments.progress(person, lesson.course).await?.into()))
    }
}
