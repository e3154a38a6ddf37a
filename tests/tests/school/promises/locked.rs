//! P19: what a law keeps is kept item by item, read for that alone, and destroyed on the first day after its term.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use foundation::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use testkit::{School, school, until};

use super::erasure::{done, order};

fn time(value: &Value) -> Timestamp {
    let time: prost_types::Timestamp = value.as_str().unwrap().parse().unwrap();
    Timestamp::from_proto(&time)
}

async fn kept(school: &School) -> i64 {
    let db = school.database("payment").await;
    let sql = "SELECT count(*) AS n FROM tax_receipt";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    let count = row.try_get("", "n").unwrap();
    db.close().await.unwrap();
    count
}

#[test]
fn p19_locked_is_read_item_by_item_and_destroyed_after_its_term() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let paid = school.enrols(&learner, &course).await;
        // Somebody who is there: theirs is not among what outlives its person.
        let other = school.learner().await;
        school.enrols(&other, &course).await;
        let erasure = order(&school, &learner.access_token).await;
        let token = erasure["receiptToken"].as_str().unwrap();
        let receipt = done(&school, token).await;
        assert!(receipt["notes"].as_array().is_none_or(Vec::is_empty), "{receipt}");
        let document: Value = serde_json::from_str(receipt["document"].as_str().unwrap()).unwrap();
        let locked = document["locked"].as_array().unwrap();
        assert_eq!(locked.len(), 1, "{document}");
        let (item, until_day) = (&locked[0], time(&locked[0]["until"]));

        let officer = school.staff("PRIVACY_OFFICER").await;
        let listed = school.client.get("/v1/officer/retained-receipts", Some(&officer.access_token)).await.unwrap().ok();
        let listed = listed["receipts"].as_array().unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        let shown = &listed[0];
        assert_eq!((&shown["itemId"], &shown["law"], time(&shown["keptUntil"])), (&item["item"], &item["law"], until_day));
        assert_eq!((&shown["receiptNumber"], &shown["amountMinor"]), (&paid["receiptNumber"], &paid["amountMinor"]));
        assert_eq!(
            (shown["kind"].as_str(), shown["status"].as_str(), shown["currency"].as_str()),
            (Some("PAYMENT"), Some("PAID"), Some("KZT"))
        );
        assert!(shown["datedAt"].is_string());
        assert!(!shown.to_string().contains(&learner.id), "nobody knows whose it was");

        // On the last day of the term it is there; on the next it is not, and the ledger of receipts says so.
        let now = school.engines().clock().now();
        let term = Duration::from_micros(u64::try_from(until_day.micros() - now.micros()).unwrap());
        assert!(term > Duration::from_secs(5 * 365 * 24 * 3600), "five years from the next tax period: {until_day}");
        school.advance(term - Duration::from_secs(12 * 3600));
        tokio::time::timeout(Duration::from_secs(6), until("nothing", async || (kept(&school).await != 2).then_some(())))
            .await
            .unwrap_err();
        school.advance(Duration::from_secs(12 * 3600 + 1));
        let notes = until("the note of its destruction", || async {
            let receipt = school.client.get(&format!("/v1/receipts/{token}"), None).await.unwrap().ok();
            receipt["notes"].as_array().filter(|notes| !notes.is_empty()).cloned()
        })
        .await;
        assert_eq!((notes.len(), kept(&school).await), (1, 0), "the other one's term is over too, and is noted nowhere");
        let key = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
        let public = BASE64_STANDARD.decode(key["publicKey"].as_str().unwrap()).unwrap();
        let (note, signature) = (notes[0]["document"].as_str().unwrap(), notes[0]["signature"].as_str().unwrap());
        privacy::verify(note, signature, &public).expect("the note verifies offline");
        let note: Value = serde_json::from_str(note).unwrap();
        assert_eq!((&note["item"], &note["request_id"]), (&item["item"], &document["request_id"]));
        assert_eq!((&note["commitment"], &note["law"]), (&document["commitment"], &item["law"]));
        assert!(time(&note["destroyed_at"]) >= until_day);
        // The receipt itself is what it was.
        let after = school.client.get(&format!("/v1/receipts/{token}"), None).await.unwrap().ok();
        assert_eq!(after["document"], receipt["document"]);
    });
}

#[tokio::test]
async fn p19_locked_is_shown_to_the_privacy_officer_alone() {
    let (school, learner) = (school(), school().learner().await);
    let path = "/v1/officer/retained-receipts";
    for role in ["ADMINISTRATOR", "SUPPORT", "INSTRUCTOR"] {
        let other = school.staff(role).await;
        assert_eq!(school.client.get(path, Some(&other.access_token)).await.unwrap().refused().reason(), "WRONG_ROLE", "{role}");
    }
    let refused = school.client.get(path, Some(&learner.access_token)).await.unwrap().refused();
    assert_eq!(refused.status, 403, "{}", refused.json());
    let officer = school.staff("PRIVACY_OFFICER").await;
    let wrong = school.client.get(&format!("{path}?pageToken=somewhere"), Some(&officer.access_token)).await.unwrap().refused();
    assert_eq!(wrong.field(), "page_token");
}
