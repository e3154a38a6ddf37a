//! The catalogue over gRPC.

use contract::learning::v1::{self as pb, catalogue_server};
use foundation::Refusal;
use tonic::{Request, Response, Status};

use super::{Catalogue, Course, Language, Module};
use crate::ids::CourseId;

#[tonic::async_trait]
impl catalogue_server::Catalogue for Catalogue {
    async fn list_courses(&self, request: Request<pb::ListCoursesRequest>) -> Result<Response<pb::ListCoursesResponse>, Status> {
        let language = Language::of(&request.get_ref().language);
        let courses = self.courses().iter().map(|course| encode(course, language)).collect();
        Ok(Response::new(pb::ListCoursesResponse { courses }))
    }

    async fn get_course(&self, request: Request<pb::GetCourseRequest>) -> Result<Response<pb::Course>, Status> {
        let ask = request.into_inner();
        let id = CourseId::parse_field(&ask.course_id, "course_id")?;
        let course = self.course(id).ok_or_else(|| Refusal::not_found("NO_SUCH_COURSE", "there is no such course"))?;
        Ok(Response::new(encode(course, Language::of(&ask.language))))
    }
}

fn encode(course: &Course, language: Language) -> pb::Course {
    pb::Course {
        course_id: course.id.to_string(),
        slug: course.slug.clone(),
        title: course.title.get(language).to_owned(),
        summary: course.summary.get(language).to_owned(),
        price_minor: course.price_minor,
        currency: course.currency.clone(),
        modules: course.modules.iter().map(|module| encode_module(module, language)).collect(),
    }
}

fn encode_module(module: &Module, language: Language) -> pb::course::Module {
    let lessons = module.lessons.iter().map(|lesson| pb::course::Lesson {
        lesson_id: lesson.id.to_string(),
        title: lesson.title.get(language).to_owned(),
        minutes: lesson.minutes,
    });
    pb::course::Module {
        module_id: module.id.to_string(),
        title: module.title.get(language).to_owned(),
        lessons: lessons.collect(),
        has_test: module.test.is_some(),
        has_assignment: module.assignment.is_some(),
        summary: module.summary.get(language).to_owned(),
        test_id: module.test.as_ref().map(|test| test.id.to_string()).unwrap_or_default(),
        assignment_id: module.assignment.as_ref().map(|assignment| assignment.id.to_string()).unwrap_or_default(),
    }
}
