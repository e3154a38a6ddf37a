//! P04, P10, P11, P12: what a learner does is kept, opens when it is paid, is answered, and is nobody else's.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Course, Person, School, key, partner, school, until};
use tokio::time::Instant;

use crate::{answers, photographs};

/// What "within seconds" means.
const SECONDS: Duration = Duration::from_secs(10);

pub async fn progress(school: &School, person: &Person, course: &Course) -> Value {
    school.client.get(&format!("/v1/me/enrolments/{}/progress", course.id), Some(&person.access_token)).await.unwrap().ok()
}

pub async fn complete(school: &School, person: &Person, lesson: &str) -> Value {
    school.client.post(&format!("/v1/lessons/{lesson}:complete"), Some(&person.access_token), json!({})).await.unwrap().ok()
}

/// Takes a test with right or wrong answers to everything.
pub async fn take(school: &School, person: &Person, test: &str, right: bool) -> Value {
    let sheet = school.client.get(&format!("/v1/tests/{test}?language=en"), Some(&person.access_token)).await.unwrap().ok();
    let answer = |question: &Value| match right {
        true => answers::right(question["questionId"].as_str().unwrap()).expect("the answer is known"),
        false => answers::wrong(question),
    };
    let given: Vec<_> = sheet["questions"].as_array().unwrap().iter().map(answer).collect();
    let ask = json!({ "answers": given, "language": "en", "idempotencyKey": key() });
    school.client.post(&format!("/v1/tests/{test}/attempts"), Some(&person.access_token), ask).await.unwrap().ok()
}

/// Everything that the course asks for, the instructor's answer included; the work's identifier.
pub async fn graduates(school: &School, learner: &Person, course: &Course) -> String {
    for lesson in &course.lessons {
        complete(school, learner, lesson).await;
    }
    for test in &course.tests {
        take(school, learner, test, true).await;
    }
    let work = school.sends_in(learner, course, photographs::jpeg(&learner.last_name), "My best one.").await;
    let instructor = school.staff("INSTRUCTOR").await;
    school.answers(&instructor, learner, course, &work, "Well seen.").await.ok();
    work
}

fn list(value: &Value, name: &str) -> Vec<String> {
    value[name].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn p04_progress_is_carried_by_lessons_results_works_and_feedback() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    let before = progress(school, &learner, &course).await;
    assert_eq!(before["lessonsTotal"], course.lessons.len());
    assert!(list(&before, "completedLessonIds").is_empty() && list(&before, "passedTestIds").is_empty(), "{before}");

    let lesson = &course.lessons[0];
    complete(school, &learner, lesson).await;
    let twice = complete(school, &learner, lesson).await;
    assert_eq!(list(&twice, "completedLessonIds"), std::slice::from_ref(lesson), "completed twice is completed once");
    let read = school.client.get(&format!("/v1/lessons/{lesson}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(read["completed"], true, "the course knows it");

    let test = &course.tests[0];
    let failed = take(school, &learner, test, false).await;
    assert!(failed["passed"] != true && failed["scorePercent"].as_u64().unwrap_or(0) == 0, "{failed}");
    assert!(list(&progress(school, &learner, &course).await, "passedTestIds").is_empty());
    assert_eq!(take(school, &learner, test, true).await["scorePercent"], 100);
    take(school, &learner, test, false).await;
    let sheet = school.client.get(&format!("/v1/tests/{test}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((&sheet["bestPercent"], &sheet["passed"]), (&json!(100), &json!(true)), "the best result counts");

    let note = format!("Note {}", learner.last_name);
    let work = school.sends_in(&learner, &course, photographs::jpeg("p04"), &note).await;
    assert!(list(&progress(school, &learner, &course).await, "answeredAssignmentIds").is_empty(), "sent in is not answered");
    let instructor = school.staff("INSTRUCTOR").await;
    school.answers(&instructor, &learner, &course, &work, "A clear line.").await.ok();
    let mine = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((mine["note"].as_str(), mine["state"].as_str()), (Some(note.as_str()), Some("ANSWERED")));
    assert_eq!(mine["feedback"][0]["text"], "A clear line.");

    for lesson in &course.lessons {
        complete(school, &learner, lesson).await;
    }
    for test in &course.tests {
        take(school, &learner, test, true).await;
    }
    let after = progress(school, &learner, &course).await;
    assert_eq!((list(&after, "completedLessonIds").len(), list(&after, "passedTestIds").len()), (course.lessons.len(), course.tests.len()));
    assert_eq!(list(&after, "answeredAssignmentIds"), std::slice::from_ref(&course.assignment));
    assert_eq!(after["completed"], true, "lessons, results, works and feedback together complete the course");
}

#[tokio::test]
async fn p04_progress_is_what_learning_data_is_for_and_no_more() {
    let policy = school().client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let held: Vec<_> = policy["held"].as_array().unwrap().iter().filter(|row| row["service"] == "learning").collect();
    assert!(held.iter().any(|row| row["table"] == "submission"));
    for row in held {
        assert!(["LEARNING", "CERTIFICATE"].contains(&row["category"].as_str().unwrap()), "{row}");
        for purpose in list(row, "purposes") {
            assert!(["EDUCATION", "STATISTICS", "PUBLICATION", "RIGHTS", "SUPPORT"].contains(&purpose.as_str()), "{purpose} of {row}");
        }
    }
}

#[test]
fn p10_opens_within_seconds_and_stays_open() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let lesson = format!("/v1/lessons/{}", course.lessons[0]);
        let closed = || async { school.client.get(&lesson, Some(&learner.access_token)).await.unwrap().refused() };
        assert_eq!(closed().await.reason(), "NO_SUCH_LESSON", "nothing is open before");
        let order = school.orders(&learner, &course).await;
        assert_eq!(closed().await.reason(), "NO_SUCH_LESSON", "an order opens nothing");

        let page = order["paymentUrl"].as_str().unwrap();
        // The partner says it twice, and what came before it once more afterwards.
        partner::control(&school, page, json!({ "deliver": ["double", "reordered"] })).await;
        partner::pay(&school, page, partner::TEST_CARD, "paid").await.ok_bytes();
        let paid = Instant::now();
        until("the lesson to open", || async {
            let answer = school.client.get(&lesson, Some(&learner.access_token)).await.unwrap();
            answer.status.is_success().then_some(())
        })
        .await;
        assert!(paid.elapsed() < SECONDS, "it took {:?}", paid.elapsed());
        for lesson in &course.lessons {
            school.client.get(&format!("/v1/lessons/{lesson}"), Some(&learner.access_token)).await.unwrap().ok();
        }
        let mine = school.client.get("/v1/me/enrolments", Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!(mine["enrolments"].as_array().map(Vec::len), Some(1), "once, however often it was told: {mine}");

        // A year and a day later the same learner signs in again.
        school.advance(Duration::from_secs(366 * 24 * 3600));
        let learner = school.signs_in(learner.clone()).await;
        school.client.get(&lesson, Some(&learner.access_token)).await.unwrap().ok();
        let mine = school.client.get("/v1/me/enrolments", Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!(mine["enrolments"][0]["state"], "OPEN");
    });
}

#[test]
fn p10_progress_is_lost_neither_by_a_refund_nor_by_a_restart() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let school = School::start(&[]);
    let (learner, course, before) = runtime.block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let order = school.enrols(&learner, &course).await;
        complete(&school, &learner, &course.lessons[0]).await;
        take(&school, &learner, &course.tests[0], true).await;
        school.sends_in(&learner, &course, photographs::jpeg("p10"), "kept").await;
        let before = progress(&school, &learner, &course).await;
        assert_eq!((list(&before, "completedLessonIds").len(), list(&before, "passedTestIds").len()), (1, 1));

        let admin = school.staff("ADMINISTRATOR").await;
        let ask = json!({ "reason": "WITHDRAWN", "idempotencyKey": key() });
        let order = order["orderId"].as_str().unwrap();
        school.client.post(&format!("/v1/orders/{order}:refund"), Some(&admin.access_token), ask).await.unwrap().ok();
        school.order_is(&learner, order, "REFUNDED").await;
        let lesson = format!("/v1/lessons/{}", course.lessons[1]);
        until("the lessons to close", || async {
            let answer = school.client.get(&lesson, Some(&learner.access_token)).await.unwrap();
            (answer.reason() == "NO_SUCH_LESSON").then_some(())
        })
        .await;
        assert_eq!(progress(&school, &learner, &course).await, before, "a refund closes the lessons and keeps the progress");
        (learner, course, before)
    });

    let school = School::start_in(school.stop(), &[]);
    runtime.block_on(async {
        let learner = school.signs_in(learner.clone()).await;
        assert_eq!(progress(&school, &learner, &course).await, before, "a restart loses nothing");
        let works = school.client.get("/v1/me/submissions", Some(&learner.access_token)).await.unwrap().ok();
        let work = works["submissions"][0]["submissionId"].as_str().unwrap().to_owned();
        let rendition = school.client.get(&format!("/v1/submissions/{work}/renditions/512"), Some(&learner.access_token)).await.unwrap();
        assert!(photographs::tells_only_pixels(&rendition.ok_bytes()), "the photograph opens after a restart");

        school.enrols(&learner, &course).await;
        school.client.get(&format!("/v1/lessons/{}", course.lessons[1]), Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!(progress(&school, &learner, &course).await, before, "who comes back goes on where they were");
    });
}

/// Every page of an instructor's queue.
async fn queue(school: &School, instructor: &Person) -> Vec<String> {
    let (mut works, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/teaching/queue?pageSize=100&pageToken={token}");
        let page = school.client.get(&path, Some(&instructor.access_token)).await.unwrap().ok();
        works.extend(page["submissions"].as_array().into_iter().flatten().map(|work| work["submissionId"].as_str().unwrap().to_owned()));
        match page["nextPageToken"].as_str().filter(|token| !token.is_empty()) {
            Some(next) => token = next.to_owned(),
            None => return works,
        }
    }
}

#[tokio::test]
async fn p11_own_learners_only() {
    let school = school();
    let course = school.course().await;
    let olga = school.staff("INSTRUCTOR").await;
    let marat = school.learner().await;
    let marat = school.appoints(marat, "INSTRUCTOR").await;
    let mut works = Vec::new();
    for instructor in [&olga, &marat] {
        let learner = school.learner().await;
        school.enrols(&learner, &course).await;
        let enrolment = school.enrolment(&learner, &course).await["enrolmentId"].as_str().unwrap().to_owned();
        school.assigns(&enrolment, instructor).await;
        let work = school.sends_in(&learner, &course, photographs::jpeg("p11"), "mine").await;
        works.push((learner, enrolment, work));
    }
    let [(_, enrolment, of_olga), (learner, _, of_marat)] = works.as_slice() else { unreachable!() };

    let (olgas, marats) = (queue(school, &olga).await, queue(school, &marat).await);
    assert!(olgas.contains(of_olga) && !olgas.contains(of_marat), "the queue is of one's own learners");
    assert!(marats.contains(of_marat) && !marats.contains(of_olga));
    let open = |instructor: &Person, work: &str, part: &str| {
        let (path, token) = (format!("/v1/teaching/submissions/{work}{part}"), instructor.access_token.clone());
        async move { school.client.get(&path, Some(&token)).await.unwrap() }
    };
    for part in ["", "/original", "/renditions/2048", "/renditions/512"] {
        open(&marat, of_marat, part).await.ok_bytes();
        let refused = open(&olga, of_marat, part).await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "NO_TIE"), "{part}");
    }
    let refused = school.answers(&olga, learner, &course, of_marat, "not mine").await.refused();
    assert_eq!(refused.reason(), "NO_TIE");

    // The tie goes with the assignment.
    school.assigns(enrolment, &marat).await;
    assert_eq!(open(&olga, of_olga, "").await.refused().reason(), "NO_TIE");
    open(&marat, of_olga, "").await.ok();
    assert!(!queue(school, &olga).await.contains(of_olga));
}

#[tokio::test]
async fn p11_answer_reaches_the_learner_and_a_mail_tells_of_it() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg("p11"), "mine").await;
    let instructor = school.staff("INSTRUCTOR").await;
    let words = format!("The shore leads well. {}", key());
    school.answers(&instructor, &learner, &course, &work, &words).await.ok();

    let read = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(read["feedback"][0]["text"], words.as_str());
    assert_eq!(read["feedback"][0]["marks"][0]["text"], "here");
    let subject = "Subject: Your instructor has answered";
    let mail =
        school.mail.find(&learner.email, "the mail that tells of the answer", |mail| mail.contains(subject).then(|| mail.to_owned())).await;
    assert!(!mail.contains(&words), "the answer itself stays in the school");
}

#[tokio::test]
async fn p12_confidential_to_every_third_party() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    let marker = format!("Marker{}", key().replace('-', ""));
    school.enrols(&learner, &course).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg(&marker), &marker).await;
    let instructor = school.staff("INSTRUCTOR").await;
    school.answers(&instructor, &learner, &course, &work, &marker).await.ok();

    // Another learner of the same course: it does not exist for them.
    let other = school.learner().await;
    school.enrols(&other, &course).await;
    let own: Vec<_> = ["", "/renditions/512", "/renditions/2048"].map(|part| format!("/v1/submissions/{work}{part}")).into();
    let teaching: Vec<_> = ["", "/original", "/renditions/512"].map(|part| format!("/v1/teaching/submissions/{work}{part}")).into();
    for path in &own {
        let refused = school.client.get(path, Some(&other.access_token)).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, "NO_SUCH_SUBMISSION"), "{path}");
        assert_eq!(school.client.get(path, None).await.unwrap().refused().status, 401, "{path}");
    }
    let unknown = school.client.get(&format!("/v1/submissions/{}", key()), Some(&other.access_token)).await.unwrap();
    let foreign = school.client.get(&own[0], Some(&other.access_token)).await.unwrap();
    let without_trace = |answer: testkit::Answer| {
        let mut json = answer.json();
        json["error"].as_object_mut().unwrap().remove("trace_id");
        (answer.status, json)
    };
    assert_eq!(without_trace(unknown), without_trace(foreign), "unknown and not mine are the same");
    let listed = school.client.get("/v1/me/submissions", Some(&other.access_token)).await.unwrap().ok();
    assert!(listed["submissions"].as_array().is_none_or(Vec::is_empty), "{listed}");

    // Staff of every other kind, whatever they know.
    for role in ["SUPPORT", "ANALYST", "PRIVACY_OFFICER", "ADMINISTRATOR"] {
        let staff = school.staff(role).await;
        for path in &teaching {
            assert_eq!(school.client.get(path, Some(&staff.access_token)).await.unwrap().refused().reason(), "WRONG_ROLE", "{role} {path}");
        }
        for path in &own {
            assert_eq!(school.client.get(path, Some(&staff.access_token)).await.unwrap().refused().status, 404, "{role} {path}");
        }
    }
    for path in &teaching {
        assert_eq!(school.client.get(path, Some(&other.access_token)).await.unwrap().refused().reason(), "WRONG_ROLE", "{path}");
    }

    // Whoever has the disk, the rows, the log or the mails sees nothing of it.
    assert_eq!(testkit::markers::find(school, &[marker]).await, Vec::<String>::new());
}

#[tokio::test]
async fn p12_confidential_is_the_store_of_photographs_too() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    let photograph = photographs::jpeg("p12");
    let upload = school.prepares(&learner, &course, photograph.len()).await;
    school.puts(&upload, photograph.clone()).await.ok_bytes();

    // The link is good for putting, not for reading, listing or deleting; and for nobody else's submission.
    let url = upload["url"].as_str().unwrap();
    for method in [http::Method::GET, http::Method::HEAD, http::Method::DELETE] {
        let answer = school.client.send(method.clone(), url, &[], bytes::Bytes::new()).await.unwrap();
        assert_eq!(answer.status, 404, "{method}");
    }
    let bucket = url.split("/incoming/").next().unwrap();
    assert_eq!(
        school.client.send(http::Method::GET, &format!("{bucket}?list-type=2"), &[], bytes::Bytes::new()).await.unwrap().status,
        404
    );
    let thief = school.learner().await;
    school.enrols(&thief, &course).await;
    let ask = json!({ "uploadId": upload["uploadId"], "assignmentId": course.assignment, "idempotencyKey": key() });
    let refused = school.client.post("/v1/submissions", Some(&thief.access_token), ask.clone()).await.unwrap().refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str(), refused.field().as_str()), (404, "NO_SUCH_UPLOAD", "upload_id"));
    school.client.post("/v1/submissions", Some(&learner.access_token), ask).await.unwrap().ok();
}
