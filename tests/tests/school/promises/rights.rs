//! P19, P33: what a law keeps of an erased payer, and what a consent says.

use std::path::Path;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{School, key, markers, school};

use super::erasure::{done, order};
use crate::photographs;

/// Objects in the store of a school: files of any of its rooms.
fn objects(data: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![data.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.ends_with(".lock") => {}
                path => found.push(path.display().to_string()),
            }
        }
    }
    found
}

#[test]
fn p19_locked_is_the_payment_that_tax_law_keeps_and_nothing_else() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let paid = school.enrols(&learner, &course).await;
        let note = format!("Note{}", key().replace('-', ""));
        let work = school.sends_in(&learner, &course, photographs::jpeg(&note), &note).await;
        let before = objects(&school.data());
        assert!(before.len() >= 4, "the original and three renditions: {before:?}");
        let erasure = order(&school, &learner.access_token).await;
        let receipt = done(&school, erasure["receiptToken"].as_str().unwrap()).await;
        let document: Value = serde_json::from_str(receipt["document"].as_str().unwrap()).unwrap();
        let locked = document["locked"].as_array().unwrap();
        assert_eq!(locked.len(), 1, "{locked:?}");
        assert_eq!((locked[0]["holder"].as_str(), locked[0]["table"].as_str()), (Some("payment"), Some("tax_receipt")));
        assert!(locked[0]["law"].as_str().unwrap().contains("Tax Code"), "{locked:?}");
        let class = |table: &str| {
            let classes = document["holders"].as_array().unwrap().iter().flat_map(|holder| holder["classes"].as_array().unwrap());
            classes.filter(|class| class["table"] == table).fold((0, 0, 0), |sum, class| {
                let number = |name: &str| class[name].as_i64().unwrap_or_default();
                (sum.0 + number("before"), sum.1 + number("after"), sum.2 + number("objects"))
            })
        };
        assert_eq!(class("tax_receipt"), (1, 1, 0), "kept");
        assert_eq!(class("course_order").1, 0);
        assert_eq!(class("submission"), (1, 0, 4), "the photograph and its renditions are gone");
        assert!(class("ledger_entry").0 >= 2 && class("ledger_entry").1 == 0);

        // The row itself stands, and says order, date, sum, status and number.
        let number = paid["receiptNumber"].as_str().unwrap();
        let db = school.database("payment").await;
        let sql =
            format!("SELECT receipt_number AS n, amount_minor AS a, currency AS c FROM tax_receipt WHERE receipt_number = '{number}'");
        let rows = db.query_all_raw(sea_orm::Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        assert_eq!(rows.len(), 1);
        let (amount, currency): (i64, String) = (rows[0].try_get("", "a").unwrap(), rows[0].try_get("", "c").unwrap());
        assert_eq!((amount.to_string(), currency.as_str()), (course.price_minor.clone(), "KZT"));

        assert_eq!(objects(&school.data()), Vec::<String>::new(), "no object is left");
        let instructor = school.staff("INSTRUCTOR").await;
        let path = format!("/v1/teaching/submissions/{work}");
        assert_eq!(school.client.get(&path, Some(&instructor.access_token)).await.unwrap().refused().reason(), "NO_SUCH_SUBMISSION");
        let personal = [&learner.first_name, &learner.last_name, &learner.email, &learner.phone, &note].map(Clone::clone);
        assert_eq!(markers::find(&school, &personal).await, Vec::<String>::new());
    });
}

#[tokio::test]
async fn p33_consent_names_eight_things_in_three_languages() {
    let school = school();
    for (language, parties, abroad, publication) in [
        ("en", "Third parties", "Transfer abroad", "Publication in public sources"),
        ("ru", "Третьи лица", "Передача за границу", "Публикация в общедоступных источниках"),
        ("kk", "Үшінші тұлғалар", "Шетелге беру", "Көпшілікке қолжетімді көздерде жариялау"),
    ] {
        let policy = school.client.get(&format!("/v1/policy?language={language}"), None).await.unwrap().ok();
        for text in ["registrationConsent", "newsletterConsent"] {
            let text = policy[text].as_str().unwrap();
            let items: Vec<_> = text.lines().filter_map(|line| line.split_once(". **")).collect();
            let numbers: Vec<_> = items.iter().map(|(number, _)| number.trim().to_owned()).collect();
            assert_eq!(numbers, (1..=8).map(|n| n.to_string()).collect::<Vec<_>>(), "{language}: {text}");
            for (number, item) in &items {
                let (_, said) = item.split_once("** ").unwrap_or_default();
                assert!(!said.trim().is_empty(), "{language}: item {number} says something");
            }
            // Operator with its business number, the person's full name, abroad, published.
            assert!(items[0].1.contains("000000000000"), "{language}: the operator's number: {}", items[0].1);
            assert!(items[1].1.contains("{full_name}"), "{language}: {}", items[1].1);
            assert!(!text.contains("{operator"), "{language}: the operator is named");
            for (at, title) in [(3, parties), (4, abroad), (5, publication)] {
                assert!(items[at].1.starts_with(title), "{language}: {} is about {title}", at + 1);
            }
        }
    }
}

#[tokio::test]
async fn p33_consent_hashes_are_of_exactly_what_is_shown() {
    for language in ["ru", "kk", "en"] {
        let policy = school().client.get(&format!("/v1/policy?language={language}"), None).await.unwrap().ok();
        let texts = [("text", "hash"), ("registrationConsent", "registrationConsentHash"), ("newsletterConsent", "newsletterConsentHash")];
        for (text, hash) in texts {
            let counted = hex::encode(Sha256::digest(policy[text].as_str().unwrap()));
            assert_eq!(policy[hash], counted.as_str(), "{language}: {text}");
        }
    }
}

/// Registration takes the consents that it shows: its own, and the newsletter's.
#[tokio::test]
async fn p33_consent_to_anything_else_is_not_taken_at_registration() {
    let school = school();
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let given = |purpose: &str, hash: &str| json!({ "purpose": purpose, "text_version": policy["version"], "text_hash": policy[hash], "language": "en" });
    let account = given("ACCOUNT", "registrationConsentHash");
    let mut person = school.registers().await;
    person.email = format!("consents.{}@learner.example", key());
    let mut body = school.registration(&person).await;
    body["consents"] = json!([account, given("PUBLICATION", "registrationConsentHash")]);
    let refused = school.client.post("/v1/accounts", None, body.clone()).await.unwrap().refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("UNEXPECTED_CONSENT", "consents"));
    body["consents"] = json!([account, given("NEWSLETTER", "newsletterConsentHash")]);
    school.client.post("/v1/accounts", None, body).await.unwrap().ok();
}

#[tokio::test]
async fn p33_consent_to_a_text_that_is_not_published_is_none() {
    let school = school();
    let learner = school.learner().await;
    let current = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let russian = school.client.get("/v1/policy?language=ru", None).await.unwrap().ok();
    let of = |policy: &Value, text: &str| policy[text].clone();
    let (registration, newsletter) = ("registrationConsentHash", "newsletterConsentHash");
    let zeros = json!("0".repeat(64));
    let wrong = [
        ("an old version", json!("2020-01-01"), of(&current, registration), of(&current, newsletter)),
        ("another text", of(&current, "version"), zeros.clone(), zeros),
        ("the policy around it", of(&current, "version"), of(&current, "hash"), of(&current, "hash")),
        ("the other consent", of(&current, "version"), of(&current, newsletter), of(&current, registration)),
        ("another language's text", of(&russian, "version"), of(&russian, registration), of(&russian, newsletter)),
        ("no text", json!(""), json!(""), json!("")),
    ];
    for (what, version, to_registration, to_newsletter) in wrong {
        let given = |purpose: &str, version: &Value, hash: &Value| json!({ "purpose": purpose, "text_version": version, "text_hash": hash, "language": "en" });
        let right = given("ACCOUNT", &current["version"], &current[registration]);
        let wrong = [json!([given("ACCOUNT", &version, &to_registration)]), json!([right, given("NEWSLETTER", &version, &to_newsletter)])];
        for consents in wrong {
            let mut person = learner.clone();
            person.email = format!("stale.{}@learner.example", key());
            let mut body = school.registration(&person).await;
            body["consents"] = consents;
            let refused = school.client.post("/v1/accounts", None, body).await.unwrap().refused();
            assert!(refused.field().starts_with("consents"), "{what}: {}", refused.json());
            assert!(refused.reason().contains("CONSENT"), "{what}: {}", refused.json());
            assert!(school.mail.to(&person.email).is_empty(), "{what}: nothing was begun");
        }
        let ask = json!({ "textVersion": version, "textHash": to_newsletter, "language": "en" });
        let refused = school.client.post("/v1/me/newsletter", Some(&learner.access_token), ask).await.unwrap().refused();
        assert_eq!(refused.reason(), "STALE_CONSENT_TEXT", "{what}");
    }
    // What was agreed to is provable: version and hash of the text, language, time.
    let consents = testkit::until("the consent in the ledger", || async {
        let mine = school.client.get("/v1/me/consents", Some(&learner.access_token)).await.unwrap().ok();
        mine["consents"].as_array().filter(|list| !list.is_empty()).cloned()
    })
    .await;
    assert_eq!(consents.len(), 1);
    for (field, expected) in [("textVersion", &current["version"]), ("textHash", &current[registration]), ("language", &json!("en"))] {
        assert_eq!(&consents[0][field], expected);
    }
    assert!(consents[0]["givenAt"].is_string());
}
