//! Bad input to learning: files that are no photographs, answers that are none, and things that are somebody else's.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use testkit::{Answer, Course, Person, School, key, school};
use tokio::time::timeout;

use crate::{answers, photographs as made};

/// A learner of a course that is paid.
async fn enrolled(school: &School) -> (Person, Course) {
    let (course, learner) = (school.course().await, school.learner().await);
    school.enrols(&learner, &course).await;
    (learner, course)
}

#[track_caller]
fn is(refused: &Answer, status: u16, reason: &str, field: &str) {
    let told = (refused.status.as_u16(), refused.reason(), refused.field());
    assert_eq!((told.0, told.1.as_str(), told.2.as_str()), (status, reason, field), "{}", String::from_utf8_lossy(&refused.body));
}

async fn submissions(school: &School, learner: &Person) -> usize {
    let mine = school.client.get("/v1/me/submissions", Some(&learner.access_token)).await.unwrap().ok();
    mine["submissions"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn files_that_are_no_photographs_are_refused_by_what_they_are() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let sound = made::jpeg("bad input");
    let with = |head: &'static [u8]| Bytes::from([head, &[0; 64]].concat());
    for (what, file, reason) in [
        ("a text", Bytes::from_static(b"This is a text, whatever its name says: photograph.jpg"), "NOT_A_PHOTOGRAPH"),
        ("a page", Bytes::from_static(b"<html><script>alert(1)</script></html>"), "NOT_A_PHOTOGRAPH"),
        ("a program", with(b"\x7FELF"), "NOT_A_PHOTOGRAPH"),
        ("one byte", Bytes::from_static(b"\xFF"), "NOT_A_PHOTOGRAPH"),
        ("a zip of zeros", made::zip_of_zeros(64), "NOT_A_PHOTOGRAPH"),
        ("a moving picture", with(b"GIF89a"), "UNSUPPORTED_PHOTOGRAPH"),
        ("a raw file", with(b"FUJIFILM"), "UNSUPPORTED_PHOTOGRAPH"),
        ("a JPEG cut in its middle", sound.slice(..sound.len() / 2), "DAMAGED_PHOTOGRAPH"),
        ("a JPEG without its last two bytes", sound.slice(..sound.len() - 2), "DAMAGED_PHOTOGRAPH"),
        ("the beginning of a JPEG", sound.slice(..4), "DAMAGED_PHOTOGRAPH"),
        ("a PNG that ends after its signature", Bytes::from_static(b"\x89PNG\r\n\x1A\n"), "DAMAGED_PHOTOGRAPH"),
        ("a PNG whose pixels are noise", made::png(16, b"no zlib stream", &[]), "DAMAGED_PHOTOGRAPH"),
        ("a JPEG of 50,000 pixels a side", made::jpeg_of(50_000), "TOO_LARGE_DIMENSIONS"),
        ("a PNG of 50,000 pixels a side", made::png(50_000, &made::zlib_of_zeros(1), &[]), "TOO_LARGE_DIMENSIONS"),
        ("a PNG of two milliards", made::png(0x7FFF_FFFF, &[], &[]), "TOO_LARGE_DIMENSIONS"),
    ] {
        let sent = timeout(Duration::from_secs(20), school.tries_to_send_in(&learner, &course, file, what)).await;
        let refused = sent.unwrap_or_else(|_| panic!("{what} holds the school up")).refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str(), refused.field().as_str()), (400, reason, "upload_id"), "{what}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("incoming/"), "{what}: nothing of the store is shown");
    }
    assert_eq!(submissions(school, &learner).await, 0, "nothing was half taken in");
    // And a sound one is taken after all that, and shown in the sizes that there are.
    let work = school.sends_in(&learner, &course, sound, "at last").await;
    for (size, field) in [("100", "size"), ("0", "size"), ("-1", "size"), ("4294967808", "size"), ("x", "size")] {
        let path = format!("/v1/submissions/{work}/renditions/{size}");
        let refused = school.client.get(&path, Some(&learner.access_token)).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.field().as_str()), (400, field), "{size}: {}", refused.json());
    }
}

/// A gibibyte of zeros in a mebibyte: as much as one decoding may take.
fn bomb() -> &'static [u8] {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(|| made::zlib_of_zeros(1024))
}

/// What can be shown may be taken; what is not is refused as damaged or too large. Either is answered in time.
async fn is_answered(what: &str, file: Bytes) {
    let school = school();
    assert!(file.len() < 2 << 20, "{what} has {} bytes", file.len());
    // The assignment takes one photograph: each file has a learner of its own.
    let (learner, course) = enrolled(school).await;
    let sent = timeout(Duration::from_secs(60), school.tries_to_send_in(&learner, &course, file, what)).await;
    let answer = sent.unwrap_or_else(|_| panic!("{what} holds the school up"));
    if !answer.status.is_success() {
        assert!(["DAMAGED_PHOTOGRAPH", "TOO_LARGE_DIMENSIONS"].contains(&answer.reason().as_str()), "{what}: {}", answer.json());
        assert_eq!(answer.field(), "upload_id", "{what}");
    }
    school.client.get("/readyz", None).await.unwrap().ok_bytes();
}

#[tokio::test]
async fn pixels_and_texts_that_grow_when_they_are_opened_hold_nobody_up() {
    let text = [b"Comment\0\0".as_slice(), bomb()].concat();
    is_answered("a text chunk", made::png(16, &made::zlib_of_zeros(1), &[(*b"zTXt", text)])).await;
    is_answered("pixels in a frame of sixteen", made::png(16, bomb(), &[])).await;
}

#[tokio::test]
async fn a_colour_profile_that_grows_when_it_is_opened_holds_nobody_up() {
    let profile = [b"sRGB\0\0".as_slice(), bomb()].concat();
    is_answered("a colour profile", made::png(16, &made::zlib_of_zeros(1), &[(*b"iCCP", profile)])).await;
}

#[tokio::test]
async fn a_refused_file_stays_refused_and_is_not_kept() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let marker = format!("plain text {}", key());
    let upload = school.prepares(&learner, &course, marker.len()).await;
    school.puts(&upload, Bytes::from(marker.clone())).await.ok_bytes();
    for _ in 0..2 {
        let ask = json!({ "uploadId": upload["uploadId"], "assignmentId": course.assignment, "idempotencyKey": key() });
        let refused = school.client.post("/v1/submissions", Some(&learner.access_token), ask).await.unwrap().refused();
        is(&refused, 400, "NOT_A_PHOTOGRAPH", "upload_id");
    }
    assert_eq!(testkit::markers::find(school, &[marker]).await, Vec::<String>::new(), "what was refused is deleted");
}

#[tokio::test]
async fn an_upload_is_of_one_size_one_person_and_one_assignment() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let token = Some(learner.access_token.as_str());
    let prepare = |size: Value| json!({ "assignmentId": course.assignment, "sizeBytes": size, "idempotencyKey": key() });
    for size in ["80000001", "0", "-1", "9223372036854775807"] {
        is(&school.client.post("/v1/uploads", token, prepare(size.into())).await.unwrap().refused(), 400, "INVALID_SIZE", "size_bytes");
    }
    let huge = school.client.post("/v1/uploads", token, prepare("99999999999999999999".into())).await.unwrap().refused();
    is(&huge, 400, "BAD_REQUEST", "size_bytes");
    let mut other = prepare("10".into());
    other["assignmentId"] = key().into();
    assert_eq!(school.client.post("/v1/uploads", token, other).await.unwrap().refused().reason(), "NO_SUCH_ASSIGNMENT");
    let mut keyless = prepare("10".into());
    keyless["idempotencyKey"] = "".into();
    is(&school.client.post("/v1/uploads", token, keyless).await.unwrap().refused(), 400, "INVALID_IDEMPOTENCY_KEY", "idempotency_key");

    // More or fewer bytes than announced, or another object's name, are not what was signed.
    let photograph = made::jpeg("size");
    let upload = school.prepares(&learner, &course, photograph.len()).await;
    for wrong in [photograph.slice(1..), Bytes::from([photograph.as_ref(), b"x"].concat())] {
        let refused = school.puts(&upload, wrong).await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "UPLOAD_NOT_SIGNED"));
    }
    let second = school.prepares(&learner, &course, photograph.len()).await;
    let (url, id, other) = (upload["url"].as_str().unwrap(), upload["uploadId"].as_str().unwrap(), second["uploadId"].as_str().unwrap());
    let mut moved = upload.clone();
    moved["url"] = url.replace(id, other).into();
    assert_ne!(moved["url"], upload["url"], "the upload's identifier is in its address");
    assert_eq!(school.puts(&moved, photograph.clone()).await.refused().reason(), "UPLOAD_NOT_SIGNED");

    // Nothing was put: there is nothing to send in.
    let ask = json!({ "uploadId": id, "assignmentId": course.assignment, "idempotencyKey": key() });
    is(&school.client.post("/v1/submissions", token, ask).await.unwrap().refused(), 404, "NO_SUCH_UPLOAD", "upload_id");
    let ask = json!({ "uploadId": "../../originals/x", "assignmentId": course.assignment, "idempotencyKey": key() });
    is(&school.client.post("/v1/submissions", token, ask).await.unwrap().refused(), 400, "INVALID_IDENTIFIER", "upload_id");
    school.puts(&upload, photograph).await.ok_bytes();
    let note = "ә".repeat(5_001);
    let ask = json!({ "uploadId": id, "assignmentId": course.assignment, "note": note, "idempotencyKey": key() });
    is(&school.client.post("/v1/submissions", token, ask).await.unwrap().refused(), 400, "NOTE_TOO_LONG", "note");
    assert_eq!(submissions(school, &learner).await, 0);
}

#[tokio::test]
async fn a_photograph_sent_twice_is_one_and_no_more_than_asked_for_are_taken() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let token = Some(learner.access_token.as_str());
    let photograph = made::jpeg("twice");
    let upload = school.prepares(&learner, &course, photograph.len()).await;
    school.puts(&upload, photograph.clone()).await.ok_bytes();
    let ask = json!({ "uploadId": upload["uploadId"], "assignmentId": course.assignment, "note": "one", "idempotencyKey": key() });
    let both =
        tokio::join!(school.client.post("/v1/submissions", token, ask.clone()), school.client.post("/v1/submissions", token, ask.clone()));
    let answers = [both.0.unwrap(), both.1.unwrap()];
    for answer in &answers {
        assert!(
            answer.status.is_success() || ["UPLOAD_IN_WORK", "CHANGED_MEANWHILE"].contains(&answer.reason().as_str()),
            "{}",
            answer.json()
        );
    }
    let again = school.client.post("/v1/submissions", token, ask.clone()).await.unwrap().ok();
    for answer in answers.into_iter().filter(|answer| answer.status.is_success()) {
        assert_eq!(answer.json()["submissionId"], again["submissionId"]);
    }
    assert_eq!(submissions(school, &learner).await, 1);
    let mut changed = ask;
    changed["note"] = "another".into();
    is(&school.client.post("/v1/submissions", token, changed).await.unwrap().refused(), 400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key");

    let task = school.client.get(&format!("/v1/assignments/{}", course.assignment), token).await.unwrap().ok();
    for _ in 1..task["photographs"].as_u64().unwrap() {
        school.sends_in(&learner, &course, photograph.clone(), "one more").await;
    }
    let prepare = json!({ "assignmentId": course.assignment, "sizeBytes": "10", "idempotencyKey": key() });
    assert_eq!(school.client.post("/v1/uploads", token, prepare).await.unwrap().refused().reason(), "ENOUGH_PHOTOGRAPHS");
}

#[tokio::test]
async fn answers_that_cannot_be_scored_name_the_field() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let path = format!("/v1/tests/{}/attempts", course.tests[0]);
    let sheet = school.client.get(&format!("/v1/tests/{}", course.tests[0]), Some(&learner.access_token)).await.unwrap().ok();
    let of_kind = |kind: &str| sheet["questions"].as_array().unwrap().iter().find(|question| question["kind"] == kind).cloned().unwrap();
    let single = of_kind("SINGLE");
    let options: Vec<_> = single["options"].as_array().unwrap().iter().map(|option| option["optionId"].clone()).collect();
    let number = of_kind("NUMBER");
    for (answer, reason, field) in [
        (json!({ "questionId": "no-such-question", "number": 1 }), "UNKNOWN_QUESTION", "answers"),
        (json!({ "questionId": single["questionId"], "optionIds": ["no-such-option"] }), "UNKNOWN_OPTION", "answers"),
        (json!({ "questionId": single["questionId"], "number": 1 }), "WRONG_KIND_OF_ANSWER", "answers"),
        (json!({ "questionId": single["questionId"], "optionIds": options }), "WRONG_KIND_OF_ANSWER", "answers"),
        (json!({ "questionId": number["questionId"], "number": "NaN" }), "WRONG_KIND_OF_ANSWER", "answers"),
    ] {
        let ask = json!({ "answers": [answer], "idempotencyKey": key() });
        is(&school.client.post(&path, Some(&learner.access_token), ask).await.unwrap().refused(), 400, reason, field);
    }
    let after = school.client.get(&format!("/v1/tests/{}", course.tests[0]), Some(&learner.access_token)).await.unwrap().ok();
    assert!(after["bestPercent"].as_u64().unwrap_or_default() == 0 && after["passed"] != true, "no attempt was counted");
    assert!(answers::right("no-such-question").is_none());
}

#[tokio::test]
async fn feedback_that_does_not_fit_names_the_field() {
    let school = school();
    let (learner, course) = enrolled(school).await;
    let work = school.sends_in(&learner, &course, made::jpeg("feedback"), "mine").await;
    let instructor = school.staff("INSTRUCTOR").await;
    let task = school.client.get(&format!("/v1/assignments/{}", course.assignment), Some(&learner.access_token)).await.unwrap().ok();
    let scores: Vec<_> =
        task["criteria"].as_array().unwrap().iter().map(|c| json!({ "criterionId": c["criterionId"], "points": 2 })).collect();
    let point = |x: f64, y: f64| json!({ "x": x, "y": y });
    let mark = |points: Value| json!([{ "points": points, "text": "here" }]);
    let whole = json!({ "text": "Well seen.", "marks": mark(json!([point(0.5, 0.5)])), "scores": scores });
    for (member, value, reason, field) in [
        ("text", json!(" "), "INVALID_TEXT", "text"),
        ("text", json!("a".repeat(10_001)), "INVALID_TEXT", "text"),
        ("marks", mark(json!([point(1.5, 0.5)])), "MARK_OUTSIDE_PHOTOGRAPH", "marks"),
        ("marks", mark(json!([point(-0.001, 0.5)])), "MARK_OUTSIDE_PHOTOGRAPH", "marks"),
        ("marks", mark(json!([{ "x": "NaN", "y": 0.5 }])), "MARK_OUTSIDE_PHOTOGRAPH", "marks"),
        ("marks", mark(json!([point(0.1, 0.1), point(0.2, 0.2)])), "INVALID_MARK", "marks"),
        ("marks", json!(vec![json!({ "points": [point(0.1, 0.1)] }); 51]), "TOO_MANY_MARKS", "marks"),
        ("scores", json!([]), "INVALID_SCORES", "scores"),
        ("scores", json!(vec![scores[0].clone(); scores.len()]), "INVALID_SCORES", "scores"),
    ] {
        let mut ask = whole.clone();
        ask[member] = value;
        ask["idempotencyKey"] = key().into();
        let path = format!("/v1/teaching/submissions/{work}/feedback");
        is(&school.client.post(&path, Some(&instructor.access_token), ask).await.unwrap().refused(), 400, reason, field);
    }
    let read = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((read["state"].as_str(), read["feedback"].as_array().map_or(0, Vec::len)), (Some("WAITING"), 0), "nothing was half written");
}

#[tokio::test]
async fn what_is_not_enrolled_is_not_there_and_a_wrong_role_does_nothing() {
    let school = school();
    let (course, stranger) = (school.course().await, school.learner().await);
    let token = Some(stranger.access_token.as_str());
    for (path, reason) in [
        (format!("/v1/lessons/{}", course.lessons[0]), "NO_SUCH_LESSON"),
        (format!("/v1/lessons/{}", key()), "NO_SUCH_LESSON"),
        (format!("/v1/tests/{}", course.tests[0]), "NO_SUCH_TEST"),
        (format!("/v1/assignments/{}", course.assignment), "NO_SUCH_ASSIGNMENT"),
        (format!("/v1/me/enrolments/{}/progress", course.id), "NO_SUCH_ENROLMENT"),
        (format!("/v1/submissions/{}", key()), "NO_SUCH_SUBMISSION"),
        ("/v1/certificates/KOL-0000-0000-0000-0000".into(), "NO_SUCH_CERTIFICATE"),
        ("/v1/certificates/%00".into(), "NO_SUCH_CERTIFICATE"),
    ] {
        let refused = school.client.get(&path, token).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, reason), "{path}");
    }
    let complete = format!("/v1/lessons/{}:complete", course.lessons[0]);
    assert_eq!(school.client.post(&complete, token, json!({})).await.unwrap().refused().reason(), "NO_SUCH_LESSON");
    for (path, field) in [("/v1/lessons/x", "lesson_id"), ("/v1/tests/x", "test_id"), ("/v1/submissions/x", "submission_id")] {
        is(&school.client.get(path, token).await.unwrap().refused(), 400, "INVALID_IDENTIFIER", field);
    }
    for path in ["/v1/teaching/queue".to_owned(), format!("/v1/teaching/submissions/{}", key())] {
        is(&school.client.get(&path, token).await.unwrap().refused(), 403, "WRONG_ROLE", "");
    }
    let assign = json!({ "instructorId": stranger.id });
    let path = format!("/v1/teaching/enrolments/{}:assign", key());
    is(&school.client.post(&path, token, assign.clone()).await.unwrap().refused(), 403, "WRONG_ROLE", "");
    let admin = school.staff("ADMINISTRATOR").await;
    is(&school.client.post(&path, Some(&admin.access_token), assign).await.unwrap().refused(), 404, "NO_SUCH_ENROLMENT", "");
    // Somebody who is no instructor is given nobody.
    let (learner, course) = enrolled(school).await;
    let enrolment = school.enrolment(&learner, &course).await;
    let path = format!("/v1/teaching/enrolments/{}:assign", enrolment["enrolmentId"].as_str().unwrap());
    let assign = json!({ "instructorId": stranger.id });
    assert_eq!(school.client.post(&path, Some(&admin.access_token), assign).await.unwrap().refused().reason(), "NOT_AN_INSTRUCTOR");
}
