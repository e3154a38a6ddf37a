//! P23, P19, P27: what the privacy officer sees and decides, and that no log can be cut short or rewritten unseen.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use contract::{Category, Purpose};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use testkit::{Answer, Person, School, key, school, until};
use uuid::Uuid;

use super::{
    erasure::{done, order},
    ties::accessed,
};

/// An erasure whose holders and witness contradict each other: learning borrowed a key and held nothing.
async fn contradicted(school: &School, learner: &Person) -> Value {
    let keys = school.engines().keys("learning");
    keys.raw(learner.id.parse().unwrap(), Category::Learning, Purpose::Education).await.expect("a key for nothing");
    let erasure = order(school, &learner.access_token).await;
    let path = format!("/v1/receipts/{}", erasure["receiptToken"].as_str().unwrap());
    until("the contradiction", || async {
        let receipt = school.client.get(&path, None).await.unwrap().ok();
        assert_ne!(receipt["state"], "DONE", "{receipt}");
        (receipt["state"] == "CONTRADICTED").then_some(())
    })
    .await;
    erasure
}

/// All requests that are not done, page by page.
async fn listed(school: &School, officer: &Person) -> Vec<Value> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/officer/requests?pageSize=2&pageToken={token}");
        let page = school.client.get(&path, Some(&officer.access_token)).await.unwrap().ok();
        all.extend(page["requests"].as_array().into_iter().flatten().cloned());
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return all;
        }
    }
}

async fn resumes(school: &School, by: &Person, request: &Value, reason: &str) -> Answer {
    let path = format!("/v1/officer/erasures/{}:resume", request.as_str().unwrap());
    school.client.post(&path, Some(&by.access_token), json!({ "reason": reason })).await.unwrap()
}

fn time(value: &Value) -> foundation::Timestamp {
    let time: prost_types::Timestamp = value.as_str().unwrap().parse().unwrap();
    foundation::Timestamp::from_proto(&time)
}

#[tokio::test]
async fn p23_officer_sees_the_clock_of_a_request_and_nobodys_name() {
    let school = school();
    let (learner, officer) = (school.learner().await, school.staff("PRIVACY_OFFICER").await);
    let erasure = contradicted(school, &learner).await;

    let all = listed(school, &officer).await;
    let mine: Vec<_> = all.iter().filter(|request| request["requestId"] == erasure["requestId"]).collect();
    assert_eq!(mine.len(), 1, "{all:?}");
    let request = mine[0];
    assert_eq!((request["kind"].as_str(), request["state"].as_str()), (Some("ERASURE"), Some("CONTRADICTED")));
    assert!(request["contradiction"].as_str().unwrap().contains("learning"), "{request}");
    let (due, _) = privacy::Calendar::try_new(6).unwrap().due("erasure", time(&request["receivedAt"])).unwrap();
    assert_eq!(time(&request["dueAt"]), due.at, "in working days");
    assert_ne!(request["overdue"], true);
    let dues: Vec<_> = all.iter().map(|request| time(&request["dueAt"])).collect();
    assert!(dues.is_sorted(), "what is due first stands first");
    for personal in [&learner.id, &learner.first_name, &learner.last_name, &learner.email, &learner.phone] {
        assert!(!format!("{all:?}").contains(personal.as_str()), "the list names nobody");
    }
    for role in ["INSTRUCTOR", "SUPPORT", "ADMINISTRATOR"] {
        let other = school.staff(role).await;
        let refused = school.client.get("/v1/officer/requests", Some(&other.access_token)).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "WRONG_ROLE"), "{role}");
        assert_eq!(resumes(school, &other, &erasure["requestId"], "I would like it to be over").await.refused().reason(), "WRONG_ROLE");
    }
    resumes(school, &officer, &erasure["requestId"], "A key was borrowed by a test and nothing was written").await.ok();
    done(school, erasure["receiptToken"].as_str().unwrap()).await;
    assert!(listed(school, &officer).await.iter().all(|request| request["requestId"] != erasure["requestId"]), "done is not open");
}

#[test]
fn p23_officer_sees_what_is_overdue() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let learner = school.learner().await;
        let erasure = contradicted(&school, &learner).await;
        school.advance(Duration::from_secs(14 * 24 * 3600));
        let officer = school.staff("PRIVACY_OFFICER").await;
        let all = listed(&school, &officer).await;
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((&all[0]["requestId"], &all[0]["overdue"]), (&erasure["requestId"], &json!(true)));
    });
}

#[tokio::test]
async fn a_contradiction_goes_on_only_by_the_officers_recorded_reason() {
    let school = school();
    let (learner, officer) = (school.learner().await, school.staff("PRIVACY_OFFICER").await);
    let erasure = contradicted(school, &learner).await;
    let request = &erasure["requestId"];
    for (reason, refused) in
        [("", "INVALID_REASON"), ("because", "INVALID_REASON"), ("asked somebody@learner.example about it", "REASON_NAMES_SOMEBODY")]
    {
        let answer = resumes(school, &officer, request, reason).await.refused();
        assert_eq!((answer.reason().as_str(), answer.field().as_str()), (refused, "reason"), "{reason}");
    }
    let unknown = json!(Uuid::new_v4().to_string());
    let reason = "The upload had been swept before the erasure was ordered";
    assert_eq!(resumes(school, &officer, &unknown, reason).await.refused().reason(), "NO_SUCH_REQUEST");

    let resumed = resumes(school, &officer, request, reason).await.ok();
    assert_eq!((&resumed["requestId"], resumed["state"].as_str()), (request, Some("OPEN")));
    let receipt = done(school, erasure["receiptToken"].as_str().unwrap()).await;
    let (text, signature) = (receipt["document"].as_str().unwrap(), receipt["signature"].as_str().unwrap());
    let public = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
    let public = BASE64_STANDARD.decode(public["publicKey"].as_str().unwrap()).unwrap();
    privacy::verify(text, signature, &public).expect("the receipt verifies offline");
    for personal in [&learner.id, &learner.first_name, &learner.email, &officer.id, &officer.email] {
        assert!(!text.contains(personal.as_str()), "the receipt names nobody, the officer neither");
    }
    let document: Value = serde_json::from_str(text).unwrap();
    let said = &document["resumed"];
    assert_eq!((said["by"].as_str(), said["reason"].as_str()), (Some("privacy_officer"), Some(reason)));
    assert!(said["contradiction"].as_str().unwrap().contains("learning"), "{said}");
    assert!(document["witnesses"].as_array().unwrap().contains(&json!("learning")), "the witness is not hushed up");
    // The second round found nothing more; what the first erased still stands there.
    let classes = document["holders"].as_array().unwrap().iter().flat_map(|holder| holder["classes"].as_array().unwrap());
    let account: Vec<_> = classes.filter(|class| class["table"] == "account").collect();
    assert_eq!((account.len(), &account[0]["before"], &account[0]["after"]), (1, &json!(1), &json!(0)));
    assert_eq!(resumes(school, &officer, request, reason).await.refused().reason(), "NO_SUCH_REQUEST", "done is done");
}

#[tokio::test]
async fn asking_for_what_is_not_there_does_not_stand_in_the_way_of_an_erasure() {
    let school = school();
    let (course, learner) = (school.course().await, school.learner().await);
    let unknown = Uuid::new_v4();
    let upload = json!({ "uploadId": unknown, "assignmentId": course.assignment, "note": "mine", "idempotencyKey": key() });
    let attempt = json!({ "answers": [], "idempotencyKey": key() });
    let calls = [
        ("/v1/submissions".to_owned(), upload),
        (format!("/v1/tests/{}/attempts", course.tests[0]), attempt),
        (format!("/v1/tickets/{unknown}/messages"), json!({ "text": "more", "idempotencyKey": key() })),
        ("/v1/tickets".to_owned(), json!({ "text": "about nothing", "idempotencyKey": key() })),
    ];
    for (path, body) in calls {
        school.client.post(&path, Some(&learner.access_token), body).await.unwrap().refused();
    }
    let erasure = order(school, &learner.access_token).await;
    let receipt = done(school, erasure["receiptToken"].as_str().unwrap()).await;
    let document: Value = serde_json::from_str(receipt["document"].as_str().unwrap()).unwrap();
    let witnesses = document["witnesses"].as_array().unwrap();
    assert!(!witnesses.contains(&json!("learning")) && !witnesses.contains(&json!("communication")), "nothing was borrowed: {witnesses:?}");
    assert!(document.get("resumed").is_none());
}

pub async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    row.map_or(0, |row| row.try_get::<Option<i64>>("", "n").unwrap().unwrap_or_default())
}

/// A school whose privacy has all of identity's log; somebody with the disk then does this to it.
fn tampered(change: &'static str) {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        school.learner().await;
        let (identity, privacy) = (school.database("identity").await, school.database("privacy").await);
        until("privacy to have it all", || async {
            let written = number(&identity, "SELECT max(sequence) AS n FROM access_entry").await;
            let handed = number(&privacy, "SELECT sequence AS n FROM chain_end WHERE service = 'identity'").await;
            (written > 1 && written == handed).then_some(())
        })
        .await;
        assert!(school.client.get("/readyz", None).await.unwrap().status.is_success());
        identity.execute_unprepared(change).await.unwrap();
        // Nothing new comes: the check of the minute finds it.
        school.advance(Duration::from_secs(61));
        until("the alarm", || async {
            let ready = school.client.get("/readyz", None).await.unwrap();
            let text = String::from_utf8_lossy(&ready.body).into_owned();
            (ready.status == 503 && text.contains("identity") && text.contains("access-log.hand-over")).then_some(())
        })
        .await;
    });
}

#[test]
fn p27_evident_is_a_log_that_was_cut_short() {
    tampered("DELETE FROM access_entry WHERE sequence = (SELECT max(sequence) FROM access_entry)");
}

#[test]
fn p27_evident_is_an_entry_rewritten_after_it_was_handed_over() {
    tampered("UPDATE access_entry SET decision = 'NOT_SO' WHERE sequence = (SELECT max(sequence) FROM access_entry)");
}

#[test]
fn p27_evident_is_an_entry_rewritten_in_the_middle() {
    tampered("UPDATE access_entry SET decision = 'NOT_SO' WHERE sequence = 1");
}

#[test]
fn p27_evident_is_an_entry_taken_out_of_the_middle() {
    tampered("DELETE FROM access_entry WHERE sequence = 1");
}

#[tokio::test]
async fn p34_logged_is_the_refusal_for_the_person_to_see() {
    let school = school();
    let learner = school.learner().await;
    let keys = school.engines().keys("identity");
    keys.raw(learner.id.parse().unwrap(), Category::Account, Purpose::Publication).await.unwrap_err();
    let entry = accessed(school, &learner, "the keyring's refusal with privacy", |access| {
        access["service"] == "keyring" && access["refused"] == true && access["who"] == "service:identity"
    })
    .await;
    assert!(entry["method"].as_str().unwrap().contains("Lease"), "{entry}");
    // What was asked for, and of which category.
    assert_eq!((entry["purpose"].as_str(), &entry["categories"]), (Some("PUBLICATION"), &json!(["ACCOUNT"])), "{entry}");
    assert_eq!(entry["reason"], "PURPOSE_NOT_DECLARED");
}
