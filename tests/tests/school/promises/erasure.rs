//! P19, P23: erasure, its receipt, its clock.

use base64::{Engine, prelude::BASE64_STANDARD};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::{Person, School, key, markers, school, until};
use uuid::Uuid;

use super::{erasure_of_everybody::stands_where_the_receipt_says, learning};
use crate::photographs;

/// Orders the erasure of somebody and gives the token of its receipt.
pub async fn order(school: &School, access_token: &str) -> Value {
    let body = json!({ "idempotencyKey": Uuid::new_v4().to_string() });
    school.client.post("/v1/me/erasure", Some(access_token), body).await.unwrap().ok()
}

/// Waits until an erasure is done.
pub async fn done(school: &School, token: &str) -> Value {
    until("the receipt of an erasure", || async {
        let receipt = school.client.get(&format!("/v1/receipts/{token}"), None).await.unwrap().ok();
        assert_ne!(receipt["state"], "CONTRADICTED", "{receipt}");
        (receipt["state"] == "DONE").then_some(receipt)
    })
    .await
}

/// Somebody who did everything, and the words that are theirs alone.
async fn with_a_life_of_learning(school: &School) -> (Person, Vec<String>) {
    let (course, learner) = (school.course().await, school.learner().await);
    let word = |what: &str| format!("{what}{}", key().replace('-', ""));
    let (note, exif, question, answer, feedback) = (word("Note"), word("Exif"), word("Question"), word("Answer"), word("Feedback"));
    school.enrols(&learner, &course).await;
    for test in &course.tests {
        learning::take(school, &learner, test, true).await;
    }
    let work = school.sends_in(&learner, &course, photographs::jpeg(&exif), &note).await;
    let instructor = school.staff("INSTRUCTOR").await;
    school.answers(&instructor, &learner, &course, &work, &feedback).await.ok();
    let ask = json!({ "topic": "QUESTION", "text": question, "idempotencyKey": key() });
    let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
    let (agent, place) = (school.staff("SUPPORT").await, format!("/v1/support/tickets/{}", ticket["ticketId"].as_str().unwrap()));
    school.client.post(&format!("{place}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    let ask = json!({ "text": answer, "idempotencyKey": key() });
    school.client.post(&format!("{place}/answers"), Some(&agent.access_token), ask).await.unwrap().ok();
    school.mail.find(&learner.email, "the mail with the answer", |mail| mail.contains(&answer).then_some(())).await;
    let own = [&learner.first_name, &learner.last_name, &learner.email, &learner.phone].map(Clone::clone);
    (learner, own.into_iter().chain([note, question, answer, feedback, exif]).collect())
}

/// What no marker can stand in: the wrapped key, and the blind index.
async fn keys_of(school: &School, person: &Person) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (service, column, table) in [("keyring", "wrapped", "person_key"), ("identity", "email_index", "account")] {
        let db = school.database(service).await;
        let id: Uuid = person.id.parse().unwrap();
        let id = if db.get_database_backend() == DbBackend::Sqlite { format!("X'{}'", id.simple()) } else { format!("'{id}'") };
        let sql = format!("SELECT {column} AS value FROM {table} WHERE person = {id}");
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        found.push(row.try_get("", "value").unwrap());
        db.close().await.unwrap();
    }
    found
}

/// Of a school of its own, so that nothing else has written its files.
#[test]
fn p19_gone_from_every_store() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (learner, markers_of) = with_a_life_of_learning(&school).await;
        let keys = keys_of(&school, &learner).await;

        // The control. Whatever of it stands in the clear is a mail that was sent, and the scan sees it; everything else is sealed,
        // and its key opens it: the copy has it. What a photograph says of itself was taken out of it before it was kept.
        let (exif, personal) = markers_of.split_last().unwrap();
        let copy = school.copy(&learner).await.text();
        let mut seen = 0;
        for marker in personal {
            let places = markers::find(&school, std::slice::from_ref(marker)).await;
            assert!(places.iter().all(|place| place.contains("mail")), "nothing else is in the clear: {places:?}");
            assert!(!places.is_empty() || copy.contains(marker.as_str()), "{marker} is neither seen nor opened");
            seen += usize::from(!places.is_empty());
        }
        assert!(seen >= 2, "the scan sees the name, the address and the answer in the mails that were sent");
        assert_eq!(markers::find(&school, std::slice::from_ref(exif)).await, Vec::<String>::new());
        let password = [learner.password.clone()];
        assert_eq!(markers::find(&school, &password).await, Vec::<String>::new());
        for (key, place) in keys.iter().zip(["keyring", "identity"]) {
            let places = markers::find_bytes(&school, std::slice::from_ref(key)).await;
            assert!(
                !places.is_empty() && places.iter().all(|found| found.contains(place)),
                "the control finds what {place} has: {places:?}"
            );
        }

        let erasure = order(&school, &learner.access_token).await;
        let receipt = done(&school, erasure["receiptToken"].as_str().unwrap()).await;

        assert_eq!(markers::find(&school, &markers_of).await, Vec::<String>::new());
        assert_eq!(markers::find_bytes(&school, &keys).await, Vec::<String>::new());
        stands_where_the_receipt_says(&school, &learner.id, &receipt).await;
    });
}

#[tokio::test]
async fn p19_receipt_is_signed_and_holds_nothing_personal() {
    let school = school();
    let learner = school.learner().await;
    let erasure = order(school, &learner.access_token).await;
    let token = erasure["receiptToken"].as_str().unwrap();
    let receipt = done(school, token).await;
    let key = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
    let public = BASE64_STANDARD.decode(key["publicKey"].as_str().unwrap()).unwrap();
    let (document, signature) = (receipt["document"].as_str().unwrap(), receipt["signature"].as_str().unwrap());

    privacy::verify(document, signature, &public).expect("the receipt verifies offline");
    // Every byte would take minutes; `every_changed_bit_fails` chooses at random.
    for at in (0..document.len()).step_by(61) {
        let mut changed = document.as_bytes().to_vec();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(privacy::verify(&changed, signature, &public).is_err(), "byte {at} is changed, and it fails");
    }
    for personal in [&learner.id, &learner.first_name, &learner.email, &learner.phone] {
        assert!(!document.contains(personal.as_str()), "the receipt names nobody");
    }
    let document: Value = serde_json::from_str(document).unwrap();
    let holders: Vec<_> = document["holders"].as_array().unwrap().iter().map(|holder| holder["holder"].as_str().unwrap()).collect();
    let declared: Vec<_> = contract::Contract::get().holders().iter().map(|holder| holder.service.clone()).collect();
    for holder in &declared {
        assert!(holders.contains(&holder.as_str()), "{holder} reports: {holders:?}");
    }
    let rows = |table: &str, when: &str| -> i64 {
        let classes = document["holders"].as_array().unwrap().iter().flat_map(|h| h["classes"].as_array().unwrap());
        classes.filter(|class| class["table"] == table).map(|class| class[when].as_i64().unwrap()).sum()
    };
    assert_eq!((rows("account", "before"), rows("account", "after")), (1, 0));
    assert!(rows("consent", "before") >= 1, "the consent was held and is gone");
}

#[tokio::test]
async fn two_orders_are_one_erasure() {
    let school = school();
    let learner = school.learner().await;
    let client = &school.client;
    let body = || json!({ "idempotencyKey": Uuid::new_v4().to_string() });
    let (first, second) = tokio::join!(
        client.post("/v1/me/erasure", Some(&learner.access_token), body()),
        client.post("/v1/me/erasure", Some(&learner.access_token), body()),
    );
    let both = [first.unwrap(), second.unwrap()];
    let answers: Vec<_> = both.iter().filter(|answer| answer.status.is_success()).collect();
    assert!(!answers.is_empty(), "one of two orders is taken: {both:?}");
    let ids: Vec<_> = answers.iter().map(|answer| answer.json()["requestId"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    done(school, answers[0].json()["receiptToken"].as_str().unwrap()).await;
}

#[tokio::test]
async fn p23_clock_in_working_days_is_visible_to_the_person() {
    let school = school();
    let learner = school.learner().await;
    school.client.get("/v1/me/copy", Some(&learner.access_token)).await.unwrap().ok_bytes();
    let requests = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
    let copy = requests["requests"].as_array().unwrap().iter().find(|request| request["kind"] == "COPY").cloned().unwrap();
    let calendar = privacy::Calendar::try_new(6).unwrap();
    let received: prost_types::Timestamp = copy["receivedAt"].as_str().unwrap().parse().unwrap();
    let (due, _) = calendar.due("copy", foundation::Timestamp::from_proto(&received)).unwrap();
    let told: prost_types::Timestamp = copy["dueAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(foundation::Timestamp::from_proto(&told), due.at, "three working days, to the end of the last in Almaty");
    assert!(copy["doneAt"].is_string());
}

#[test]
fn p33_calendar_of_the_law() {
    school();
    let calendar = privacy::Calendar::try_new(6).unwrap();
    for (received, days, due) in [
        ("2026-03-19", 3, "2026-03-27"),
        ("2026-03-20", 1, "2026-03-26"),
        ("2026-04-30", 3, "2026-05-06"),
        ("2026-12-15", 15, "2027-01-11"),
        ("2027-03-12", 1, "2027-03-16"),
    ] {
        assert_eq!(calendar.after(received.parse().unwrap(), days).unwrap().date.to_string(), due);
    }
}
