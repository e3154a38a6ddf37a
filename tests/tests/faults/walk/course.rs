//! The course: found, taken, completed.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::Person;

use super::{done, key, text};
use crate::{
    answers,
    asking::{get, post},
    process::School,
};

pub struct Course {
    pub id: String,
    lessons: Vec<String>,
    tests: Vec<String>,
    pub assignment: String,
}

pub async fn read(school: &School) -> Result<Course> {
    let courses = school.told(get("/v1/courses?language=en")).await?;
    let course = courses["courses"].as_array().into_iter().flatten().find(|course| course["slug"] == "light-and-line");
    let id = course.map(|course| text(course, "courseId")).context("the course of the walk is to be there")?;
    let course = school.told(get(format!("/v1/courses/{id}?language=en"))).await?;
    let modules: Vec<Value> = course["modules"].as_array().cloned().unwrap_or_default();
    let of = |name: &str| modules.iter().map(|module| text(module, name)).filter(|id| !id.is_empty()).collect::<Vec<_>>();
    let lessons = modules.iter().flat_map(|module| module["lessons"].as_array().into_iter().flatten());
    let lessons = lessons.map(|lesson| text(lesson, "lessonId")).collect();
    Ok(Course { id, lessons, tests: of("testId"), assignment: of("assignmentId").pop().context("an assignment")? })
}

pub async fn taken(school: &School, learner: &Person, course: &Course) -> Result<()> {
    for lesson in &course.lessons {
        done(school, format!("/v1/lessons/{lesson}:complete"), &learner.access_token).await?;
    }
    attempt(school, learner, &course.tests[0], |question| Some(answers::wrong(question))).await?;
    for test in &course.tests {
        let result = attempt(school, learner, test, |question| answers::right(question["questionId"].as_str()?)).await?;
        ensure!(result["passed"] == true, "right answers pass: {result}");
    }
    Ok(())
}

async fn attempt(school: &School, learner: &Person, test: &str, answer: impl Fn(&Value) -> Option<Value>) -> Result<Value> {
    let sheet = school.told(get(format!("/v1/tests/{test}?language=en")).by(&learner.access_token)).await?;
    let answers: Vec<_> = sheet["questions"].as_array().into_iter().flatten().filter_map(answer).collect();
    let ask = json!({ "answers": answers, "language": "en", "idempotencyKey": key() });
    school.told(post(format!("/v1/tests/{test}/attempts"), ask).by(&learner.access_token)).await
}

/// With its certificate.
pub async fn completed(school: &School, learner: &Person, course: &Course) -> Result<()> {
    let place = format!("/v1/me/enrolments/{}/progress", course.id);
    let progress = school.told(get(place).by(&learner.access_token)).await?;
    let lessons = progress["completedLessonIds"].as_array().map_or(0, Vec::len);
    ensure!(progress["completed"] == true && lessons == course.lessons.len(), "progress is not lost: {progress}");
    let number = text(&progress, "certificateNumber");
    school.told(get(format!("/v1/certificates/{number}?language=en"))).await?;
    Ok(())
}
