//! P33: the ledger of consents: the eight things of the law, append-only, proven to the person, renewed when a text changes.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};
use serde_json::{Value, json};
use testkit::{Person, School, key, school, until};

use super::rectification::recorded;

/// What the law demands of a consent, as the ledger's fields are called.
const ITEMS: [(&str, &str); 8] = [
    ("operatorName", "operator_name"),
    ("operatorBin", "operator_bin"),
    ("term", "term"),
    ("thirdParties", "third_parties"),
    ("crossBorder", "cross_border"),
    ("publication", "publication"),
    ("dataList", "data_list"),
    ("other", "other"),
];

async fn policy(school: &School) -> Value {
    school.client.get("/v1/policy?language=en", None).await.unwrap().ok()
}

#[tokio::test]
async fn p33_consent_is_recorded_with_all_that_the_law_demands_and_a_receipt() {
    let (school, learner) = (school(), school().learner().await);
    let consent = recorded(school, &learner).await;
    let policy = policy(school).await;
    for (field, _) in ITEMS {
        assert!(consent[field].as_str().is_some_and(|said| !said.trim().is_empty()), "{field}: {consent}");
    }
    assert_eq!(consent["fullName"], format!("{} {}", learner.first_name, learner.last_name));
    assert_eq!((consent["operatorBin"].as_str().unwrap().len(), consent["method"].as_str()), (12, Some("registration")));
    assert_eq!((&consent["textHash"], &consent["current"]), (&policy["registrationConsentHash"], &json!(true)));
    assert!(policy["registrationConsent"].as_str().unwrap().contains(consent["dataList"].as_str().unwrap()), "as it was shown");
    let hash = consent["textHash"].as_str().unwrap().to_owned();
    let receipt = school.mail.find(&learner.email, "the receipt", |mail| mail.contains(&hash).then(|| mail.to_owned())).await;
    assert!(receipt.contains(consent["textVersion"].as_str().unwrap()), "{receipt}");
    assert!(consent["withdrawnAt"].is_null());
}

/// Somebody who has the database in their hands.
async fn refused(db: &DatabaseConnection, sql: &str) -> String {
    match db.execute_unprepared(sql).await {
        Ok(done) => panic!("{sql} was done to {} rows", done.rows_affected()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn p33_consent_ledger_is_append_only_in_the_database_itself() {
    let (school, learner) = (school(), school().learner().await);
    let consent = recorded(school, &learner).await;
    let db = school.database("privacy").await;
    let id = consent["consentId"].as_str().unwrap().replace('-', "");
    let id = if db.get_database_backend() == DbBackend::Postgres { format!("'{id}'") } else { format!("x'{id}'") };

    for change in ["term = 'for ever'", "text_hash = text_hash", "given_at = 0"] {
        assert!(refused(&db, &format!("UPDATE consent SET {change} WHERE id = {id}")).await.contains("append-only"), "{change}");
    }
    assert!(refused(&db, &format!("DELETE FROM consent WHERE id = {id}")).await.contains("append-only"));
    // A ticket lets its own row go, in the transaction in which it stands, and no other row.
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&format!("INSERT INTO deletion_ticket (id, at) VALUES ({id}, 0)")).await.unwrap();
    assert_eq!(tx.execute_unprepared(&format!("DELETE FROM consent WHERE id = {id}")).await.unwrap().rows_affected(), 1);
    tx.rollback().await.unwrap();
    assert!(
        refused(&db, &format!("DELETE FROM consent WHERE id = {id}")).await.contains("append-only"),
        "the ticket is gone with its transaction"
    );
    assert_eq!(recorded(school, &learner).await["consentId"], consent["consentId"]);
}

#[tokio::test]
async fn p33_consent_lacking_an_item_is_refused_by_the_database() {
    let (school, learner) = (school(), school().learner().await);
    recorded(school, &learner).await;
    let db = school.database("privacy").await;
    let fresh = if db.get_database_backend() == DbBackend::Postgres { "gen_random_uuid()" } else { "randomblob(16)" };
    let columns = [
        "person",
        "purpose",
        "operator_name",
        "operator_bin",
        "full_name",
        "term",
        "third_parties",
        "cross_border",
        "publication",
        "data_list",
        "other",
        "text_version",
        "text_hash",
        "language",
        "method",
        "about",
        "given_at",
    ];
    let empty = if db.get_database_backend() == DbBackend::Postgres { "''::bytea" } else { "x''" };
    let lacking = ITEMS.iter().map(|(_, column)| (*column, "''")).chain([("full_name", empty), ("text_hash", "''"), ("language", "'fr'")]);
    for (lacking, nothing) in lacking {
        let values: Vec<_> = columns.iter().map(|column| if *column == lacking { nothing } else { column }).collect();
        let sql = format!("INSERT INTO consent (id, {}) SELECT {fresh}, {} FROM consent LIMIT 1", columns.join(", "), values.join(", "));
        let why = refused(&db, &sql).await.to_lowercase();
        assert!(why.contains("check"), "{lacking}: {why}");
    }
}

async fn consents(school: &School, person: &Person) -> Value {
    school.client.get("/v1/me/consents", Some(&person.access_token)).await.unwrap().ok()
}

async fn gives(school: &School, person: &Person, hash: &Value) -> testkit::Answer {
    let policy = policy(school).await;
    let ask =
        json!({ "purpose": "ACCOUNT", "textVersion": policy["version"], "textHash": hash, "language": "en", "idempotencyKey": key() });
    school.client.post("/v1/me/consents", Some(&person.access_token), ask).await.unwrap()
}

#[test]
fn p33_consent_to_a_changed_text_is_asked_for_anew_and_the_old_one_keeps_its_reach() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (learner, old) = runtime.block_on(async {
        let learner = school.learner().await;
        let old = recorded(&school, &learner).await;
        assert_eq!(consents(&school, &learner).await["due"], Value::Null, "nothing is due while the text stands");
        (learner, old)
    });
    let folder = school.stop();
    let school = School::start_in(folder, &[("KOLSAI__PRIVACY__OPERATOR_NAME", "Another School of Landscape Photography")]);
    runtime.block_on(async {
        let learner = school.signs_in(learner).await;
        let subject = "Subject: A text that you agreed to has changed";
        school.mail.find(&learner.email, "the notice", |mail| mail.contains(subject).then_some(())).await;
        let mine = consents(&school, &learner).await;
        assert_eq!(mine["due"], json!(["ACCOUNT"]), "{mine}");
        let kept = &mine["consents"][0];
        assert_eq!((&kept["consentId"], &kept["textHash"]), (&old["consentId"], &old["textHash"]));
        assert_ne!(kept["current"], true, "it covers the old text");
        assert!(!kept["operatorName"].as_str().unwrap().contains("Another"), "and names whom it named");

        assert_eq!(gives(&school, &learner, &old["textHash"]).await.refused().reason(), "STALE_CONSENT_TEXT");
        let current = policy(&school).await["registrationConsentHash"].clone();
        let given = gives(&school, &learner, &current).await.ok();
        assert_eq!((&given["current"], given["method"].as_str()), (&json!(true), Some("renewal")));
        let mine = consents(&school, &learner).await;
        assert_eq!((mine["consents"].as_array().unwrap().len(), &mine["due"]), (2, &Value::Null), "{mine}");
        let hash = current.as_str().unwrap().to_owned();
        school.mail.find(&learner.email, "the receipt of the new one", |mail| mail.contains(&hash).then_some(())).await;
        let told = school.mail.to(&learner.email).iter().filter(|mail| mail.contains(subject)).count();
        assert_eq!(told, 1, "told once");
        let ask = json!({ "purpose": "NEWSLETTER", "textVersion": "1", "textHash": hash, "language": "en", "idempotencyKey": key() });
        let other = school.client.post("/v1/me/consents", Some(&learner.access_token), ask).await.unwrap().refused();
        assert_eq!((other.reason().as_str(), other.field().as_str()), ("UNEXPECTED_CONSENT", "purpose"));
    });
}

#[tokio::test]
async fn p33_consent_to_the_newsletter_at_registration_subscribes() {
    let school = school();
    let policy = policy(school).await;
    let mut person = school.registers().await;
    person.email = format!("newsletter.{}@learner.example", key());
    let given = |purpose: &str, hash: &str| json!({ "purpose": purpose, "text_version": policy["version"], "text_hash": policy[hash], "language": "en" });
    let mut body = school.registration(&person).await;
    body["consents"] = json!([given("ACCOUNT", "registrationConsentHash"), given("NEWSLETTER", "newsletterConsentHash")]);
    school.client.post("/v1/accounts", None, body).await.unwrap().ok();
    let reader = school.confirms(person).await;
    until("the subscription", || async {
        let mine = school.client.get("/v1/me/newsletter", Some(&reader.access_token)).await.unwrap().ok();
        (mine["subscribed"] == true).then_some(())
    })
    .await;
    let consents = until("both consents in the ledger", || async {
        let mine = consents(school, &reader).await;
        mine["consents"].as_array().filter(|all| all.len() >= 2).cloned()
    })
    .await;
    let newsletters: Vec<_> = consents.iter().filter(|consent| consent["purpose"] == "NEWSLETTER").collect();
    assert_eq!(newsletters.len(), 1, "recorded once: {consents:?}");
    assert_eq!(newsletters[0]["textHash"], policy["newsletterConsentHash"]);
    // What ends the newsletter is a row of its own beside the consent.
    school.client.delete("/v1/me/newsletter", Some(&reader.access_token)).await.unwrap().ok();
    until("the withdrawal in the ledger", || async {
        let mine = self::consents(school, &reader).await;
        let all = mine["consents"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|consent| consent["purpose"] == "NEWSLETTER" && consent["withdrawnAt"].is_string())
    })
    .await;
}

/// A text that lacks an item is not published at all.
#[test]
fn p33_consent_texts_lacking_the_operators_number_do_not_start() {
    let started = std::panic::catch_unwind(|| School::start(&[("KOLSAI__PRIVACY__OPERATOR_BIN", "12345")]));
    let why = started.err().expect("no school with such a text");
    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(why.contains("operator_bin") && why.contains("94-V"), "{why}");
}
