//! P18: what a person corrects is corrected in every copy, and they are told; what they cannot change, somebody answers.

use serde_json::{Value, json};
use testkit::{Person, School, key, letters, school, until};
use uuid::Uuid;

/// A person's requests of one kind, newest first.
pub async fn requests(school: &School, person: &Person, kind: &str) -> Vec<Value> {
    let mine = school.client.get("/v1/me/requests", Some(&person.access_token)).await.unwrap().ok();
    mine["requests"].as_array().into_iter().flatten().filter(|request| request["kind"] == kind).cloned().collect()
}

fn name(start: &str) -> String {
    format!("{start}{}", letters(&Uuid::new_v4().simple().to_string()[..12]))
}

async fn consents(school: &School, person: &Person) -> Vec<Value> {
    let mine = school.client.get("/v1/me/consents", Some(&person.access_token)).await.unwrap().ok();
    mine["consents"].as_array().cloned().unwrap_or_default()
}

/// The consent of registration, once it is in the ledger.
pub async fn recorded(school: &School, person: &Person) -> Value {
    until("the consent in the ledger", || async {
        consents(school, person).await.into_iter().find(|consent| consent["purpose"] == "ACCOUNT")
    })
    .await
}

/// Waits until a request that a changed name opened is done, and the person told.
async fn rectified(school: &School, person: &Person) -> Value {
    until("the rectification to be done and told", || async {
        let all = requests(school, person, "RECTIFICATION").await;
        all.into_iter().next().filter(|request| request["doneAt"].is_string() && request["toldAt"].is_string())
    })
    .await
}

#[tokio::test]
async fn p18_copies_of_a_name_are_corrected_and_say_so() {
    let school = school();
    let learner = school.learner().await;
    let old = recorded(school, &learner).await;
    assert!(old["fullName"].as_str().unwrap().contains(&learner.last_name), "{old}");

    let new = name("Seitkali");
    let path = "/v1/me?updateMask=lastName";
    school.client.patch(path, Some(&learner.access_token), json!({ "lastName": new })).await.unwrap().ok();
    let request = rectified(school, &learner).await;
    assert!(request["dueAt"].is_string() && request["inForceAt"].is_string(), "{request}");

    let corrected = recorded(school, &learner).await;
    assert_eq!(corrected["fullName"], format!("{} {new}", learner.first_name));
    for field in ["consentId", "givenAt", "textHash", "textVersion", "term", "thirdParties"] {
        assert_eq!(corrected[field], old[field], "nothing else of the consent changes: {field}");
    }
    let copy = school.copy(&learner).await;
    let text = copy.text();
    assert!(text.contains(&new) && !text.contains(&learner.last_name), "the old name is in no part of the copy");
    // Every holder has reported, and whoever had a copy has corrected it.
    let reports = copy.rows("privacy", "rectification_report");
    let stale: i64 = reports.iter().map(|report| report["stale"].as_i64().unwrap()).sum();
    let corrected: i64 = reports.iter().map(|report| report["corrected"].as_i64().unwrap()).sum();
    assert_eq!((stale, corrected), (0, 1), "{reports:?}");
    let holders: Vec<_> = reports.iter().map(|report| report["holder"].as_str().unwrap()).collect();
    for holder in contract::Contract::get().holders() {
        assert!(holders.contains(&holder.service.as_str()), "{} has reported: {holders:?}", holder.service);
    }
    // A change of the language is no correction; a name that stays what it is, neither.
    school.client.patch(path, Some(&learner.access_token), json!({ "lastName": new })).await.unwrap().ok();
    school.client.patch("/v1/me?updateMask=language", Some(&learner.access_token), json!({ "language": "en" })).await.unwrap().ok();
    assert_eq!(requests(school, &learner, "RECTIFICATION").await.len(), 1);
}

#[test]
fn p18_told_with_the_new_value_even_in_mail_that_was_queued_with_the_old() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        recorded(&school, &learner).await;
        // The mail server goes away, and mail waits.
        let (folder, away) = (school.data().join("mail"), school.data().join("mail-away"));
        std::fs::rename(&folder, &away).unwrap();
        school.enrols(&learner, &course).await;
        let queued = "SELECT count(*) AS n FROM mail WHERE state = 1 AND attempts > 0";
        let db = school.database("communication").await;
        until("mail that was tried in vain", || async { (super::officer::number(&db, queued).await > 1).then_some(()) }).await;

        let new = name("Botagoz");
        school.client.patch("/v1/me?updateMask=firstName", Some(&learner.access_token), json!({ "firstName": new })).await.unwrap().ok();
        std::fs::rename(&away, &folder).unwrap();
        let paid = school
            .mail
            .find(&learner.email, "the mail that waited", |mail| mail.contains("Your payment has arrived").then(|| mail.to_owned()));
        let paid = paid.await;
        assert!(paid.contains(&new) && !paid.contains(&learner.first_name), "rendered when it was sent: {paid}");
        let told = school
            .mail
            .find(&learner.email, "the mail that says so", |mail| mail.contains("Your data is corrected").then(|| mail.to_owned()));
        assert!(told.await.contains(&new));
        rectified(&school, &learner).await;
    });
}

async fn asks(school: &School, person: &Person, path: &str, text: &str) -> Value {
    let ask = json!({ "text": text, "idempotencyKey": key() });
    school.client.post(path, Some(&person.access_token), ask).await.unwrap().ok()
}

#[tokio::test]
async fn p18_told_by_a_person_about_what_they_could_not_change_themselves() {
    let school = school();
    let (learner, other, officer) = (school.learner().await, school.learner().await, school.staff("PRIVACY_OFFICER").await);
    let wish = format!("My second test says 3 of 10, and it was 9. {}", key());
    let case = asks(school, &learner, "/v1/me/rectifications", &wish).await;
    let id = case["requestId"].as_str().unwrap();
    assert_eq!((case["regime"].as_str(), &case["decision"]), (Some("kz"), &Value::Null), "open: nothing is decided");
    assert!(case["article"].as_str().unwrap().contains("94-V"), "{case}");

    // Nobody else reads or answers it.
    let (mine, desk) = (format!("/v1/me/cases/{id}"), format!("/v1/officer/cases/{id}"));
    assert_eq!(school.client.get(&mine, Some(&other.access_token)).await.unwrap().refused().status, 404);
    let answer = json!({ "decision": "GRANTED", "reason": "The test was marked again: it is 9 of 10 now." });
    for role in ["INSTRUCTOR", "SUPPORT", "ADMINISTRATOR"] {
        let staff = school.staff(role).await;
        assert_eq!(school.client.get(&desk, Some(&staff.access_token)).await.unwrap().refused().reason(), "WRONG_ROLE", "{role}");
        let path = format!("{desk}:answer");
        assert_eq!(school.client.post(&path, Some(&staff.access_token), answer.clone()).await.unwrap().refused().reason(), "WRONG_ROLE");
    }
    let read = school.client.get(&desk, Some(&officer.access_token)).await.unwrap().ok();
    assert_eq!(read["text"], wish.as_str());

    let place = format!("{desk}:answer");
    let answers = |body: Value| school.client.post(&place, Some(&officer.access_token), body);
    assert_eq!(
        answers(json!({ "decision": "OPEN", "reason": "No decision at all yet." })).await.unwrap().refused().reason(),
        "INVALID_DECISION"
    );
    assert_eq!(answers(json!({ "decision": "REFUSED", "reason": "no" })).await.unwrap().refused().field(), "reason");
    answers(answer.clone()).await.unwrap().ok();
    answers(answer.clone()).await.unwrap().ok();
    let changed = answers(json!({ "decision": "REFUSED", "reason": "It was 3 of 10 after all." })).await.unwrap().refused();
    assert_eq!(changed.reason(), "ALREADY_ANSWERED");

    let mail = school.mail.find(&learner.email, "the answer", |mail| mail.contains("marked again").then(|| mail.to_owned())).await;
    assert!(mail.contains("granted"), "{mail}");
    let told = until("told", || async {
        requests(school, &learner, "RECTIFICATION_ASKED").await.into_iter().find(|request| request["toldAt"].is_string())
    })
    .await;
    assert!(told["doneAt"].is_string());
    let mine = school.client.get(&mine, Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((mine["decision"].as_str(), &mine["reason"]), (Some("GRANTED"), &answer["reason"]));
}

#[tokio::test]
async fn a_wish_without_words_and_somebody_elses_request_are_refused() {
    let (school, learner) = (school(), school().learner().await);
    for path in ["/v1/me/rectifications", "/v1/me/complaints"] {
        for text in ["", "wrong", &"x".repeat(4001)] {
            let ask = json!({ "text": text, "idempotencyKey": key() });
            let refused = school.client.post(path, Some(&learner.access_token), ask).await.unwrap().refused();
            assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("INVALID_TEXT", "text"), "{path}");
        }
    }
    let ask = json!({ "text": "My certificate has the wrong date on it.", "idempotencyKey": key() });
    let first = school.client.post("/v1/me/rectifications", Some(&learner.access_token), ask.clone()).await.unwrap().ok();
    let again = school.client.post("/v1/me/rectifications", Some(&learner.access_token), ask).await.unwrap().ok();
    assert_eq!(first["requestId"], again["requestId"], "the same key asks once");
    let nobodys = format!("/v1/me/cases/{}", Uuid::new_v4());
    assert_eq!(school.client.get(&nobodys, Some(&learner.access_token)).await.unwrap().refused().reason(), "NO_SUCH_REQUEST");
}
