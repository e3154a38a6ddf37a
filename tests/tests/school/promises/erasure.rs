//! P19, P23: erasure, its receipt, its clock.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use testkit::{School, markers, school, until};
use uuid::Uuid;

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

#[tokio::test]
async fn p19_gone_from_every_store() {
    let school = school();
    let learner = school.learner().await;
    let personal = [&learner.first_name, &learner.last_name, &learner.email, &learner.phone, &learner.password].map(Clone::clone);

    // The control: the mail that was sent is found, so the scan can see; everything else is sealed already.
    let before = markers::find(school, &personal).await;
    assert!(before.iter().any(|place| place.contains("mail")), "the control scan finds the mail: {before:?}");
    assert!(before.iter().all(|place| place.contains("mail")), "nothing else is in the clear: {before:?}");

    let erasure = order(school, &learner.access_token).await;
    done(school, erasure["receiptToken"].as_str().unwrap()).await;

    assert_eq!(markers::find(school, &personal).await, Vec::<String>::new());
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
    assert!(privacy::verify(&document.replacen('1', "2", 1), signature, &public).is_err(), "one changed byte fails");
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
