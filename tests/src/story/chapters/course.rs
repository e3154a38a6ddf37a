//! The course: lessons, tests, and what comes at its end.

use contract::learning::v1::{ListMyCertificatesRequest, certificates_client::CertificatesClient};
use serde_json::{Value, json};

use super::{Broken, Course, Teller};
use crate::story::{
    answers,
    call::{Told, key, member},
    outside::Outside,
    people::Person,
};

pub async fn taken(teller: &mut Teller, learner: &Person, course: &Course) -> Result<(), Broken> {
    let count = course.lessons.len();
    teller
        .step(format!("She reads and completes {count} lessons of \"{}\".", course.title), async |school| {
            for lesson in &course.lessons {
                let read = school.get(format!("/v1/lessons/{lesson}?language=en")).by(learner).ok().await?;
                read.is("/language", "en")?;
                read.text("/text")?;
                let done = school.post(format!("/v1/lessons/{lesson}:complete"), json!({})).by(learner).ok().await?;
                done.check(done.list("/completedLessonIds").iter().any(|id| id == lesson), "the lesson was to be completed")?;
            }
            let progress = progress(school, learner, course).await?;
            progress.check(progress.list("/completedLessonIds").len() == count, "every lesson was to be completed")?;
            progress.check(progress.json()["completed"] != true, "a course is more than its lessons")
        })
        .await?;
    teller
        .step("She fails the first test; every question explains itself.", async |school| {
            let result = attempt(school, learner, &course.tests[0], |question| Ok(answers::wrong(question))).await?;
            result.check(result.json()["passed"] != true, "wrong answers were not to pass")?;
            result.check(result.json().get("scorePercent").is_none_or(|score| score == 0), "the score was to be 0")?;
            let explained = result.list("/questions").iter().all(|question| !member(question, "explanation").is_empty());
            result.check(explained && !result.list("/questions").is_empty(), "every question was to be explained")
        })
        .await?;
    teller
        .step(format!("She passes {} tests with all answers right.", course.tests.len()), async |school| {
            for test in &course.tests {
                let result = attempt(school, learner, test, |question| {
                    let id = member(question, "questionId");
                    answers::right(id).ok_or_else(|| Broken::wrong(format!("the story knows no answer to {id}")))
                })
                .await?;
                result.is("/scorePercent", 100)?;
                result.is("/passed", true)?;
            }
            Ok(())
        })
        .await
}

async fn attempt(school: &Outside, learner: &Person, test: &str, answer: impl Fn(&Value) -> Result<Value, Broken>) -> Result<Told, Broken> {
    let sheet = school.get(format!("/v1/tests/{test}?language=en")).by(learner).ok().await?;
    let answers = sheet.list("/questions").iter().map(answer).collect::<Result<Vec<_>, _>>()?;
    let ask = json!({ "answers": answers, "language": "en", "idempotencyKey": key() });
    school.post(format!("/v1/tests/{test}/attempts"), ask).by(learner).ok().await
}

async fn progress(school: &Outside, learner: &Person, course: &Course) -> Result<Told, Broken> {
    school.get(format!("/v1/me/enrolments/{}/progress", course.id)).by(learner).ok().await
}

/// The certificate's number.
pub async fn completed(teller: &mut Teller, learner: &Person, course: &Course) -> Result<String, Broken> {
    let number = teller
        .step("With the feedback the course is complete; her certificate is there, over JSON and gRPC.", async |school| {
            let progress = progress(school, learner, course).await?;
            progress.is("/completed", true)?;
            let number = progress.text("/certificateNumber")?;
            let mine = school.get("/v1/me/certificates?language=en").by(learner).ok().await?;
            mine.is("/certificates/0/number", number.as_str())?;
            let ask = learner.asks(ListMyCertificatesRequest { language: "en".into() })?;
            let answer = CertificatesClient::new(school.client.channel()?).list_my_certificates(ask).await;
            let certificates = school.grpc("certificates were to be listed", answer)?.certificates;
            let same = certificates.iter().any(|certificate| certificate.number == number);
            if same { Ok(number) } else { Err(Broken::wrong("gRPC lists other certificates than JSON")) }
        })
        .await?;
    teller
        .step("A mail tells her of the certificate.", async |school| {
            school.mailed_with(&learner.email, "Subject: Your certificate is ready").await
        })
        .await?;
    teller
        .step("Anybody with its number can check that it is genuine, and learns nothing else.", async |school| {
            let checked = school.get(format!("/v1/certificates/{number}?language=en")).ok().await?;
            checked.is("/number", number.as_str())?;
            checked.check(checked.json()["courseTitle"].is_null(), "neither course nor day, which are hers to show")?;
            checked.names_nobody(learner)?;
            school.get("/v1/certificates/KOL-0000-0000-0000-0000").refused(404, "NO_SUCH_CERTIFICATE").await
        })
        .await?;
    Ok(number)
}
