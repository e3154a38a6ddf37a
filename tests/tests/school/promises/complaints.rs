//! P22: a ready complaint file, and complaints to the school answered within their term.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use testkit::{Person, School, key, school, until};

use super::rectification::{recorded, requests};

async fn file(school: &School, person: &Person, language: &str, text: &str) -> Value {
    let ask = json!({ "language": language, "text": text });
    school.client.post("/v1/me/complaint", Some(&person.access_token), ask).await.unwrap().ok()
}

#[tokio::test]
async fn p22_file_has_requests_dates_and_authorities_and_verifies_offline() {
    let school = school();
    let (learner, other) = (school.learner().await, school.learner().await);
    recorded(school, &learner).await;
    school.copy(&learner).await;
    let public = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
    let public = BASE64_STANDARD.decode(public["publicKey"].as_str().unwrap()).unwrap();
    for (language, authority) in
        [("ru", "Министерство искусственного интеллекта"), ("kk", "Жасанды интеллект"), ("en", "Ministry of Artificial")]
    {
        let mine = file(school, &learner, language, "They <b>answered</b> too late.").await;
        let text = |field: &str| mine[field].as_str().unwrap().to_owned();
        let (html, document) = (text("html"), text("document"));
        privacy::verify(&document, &text("signature"), &public).expect("the document verifies");
        privacy::verify(&html, &text("htmlSignature"), &public).expect("the page verifies");
        for tampered in [document.replacen("KZ", "RU", 1), document.replace("2026", "2025"), format!("{document} ")] {
            if tampered != document {
                assert!(privacy::verify(&tampered, &text("signature"), &public).is_err());
            }
        }
        assert!(privacy::verify(&html.replace("http", "htpp"), &text("htmlSignature"), &public).is_err());
        assert!(html.contains(authority) && html.contains("https://eotinish.kz") && html.contains("https://office.sud.kz"), "{html}");
        assert!(!html.contains("<b>answered") && !html.contains("<script"), "what was written is text");

        let read: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(
            (read["language"].as_str(), read["full_name"].as_str()),
            (Some(language), Some(format!("{} {}", learner.first_name, learner.last_name).as_str()))
        );
        let copy =
            read["requests"].as_array().unwrap().iter().find(|request| request["kind"] == "COPY").expect("the copy is there").clone();
        assert_eq!(copy["in_time"], true, "{copy}");
        assert!(copy["received_at"].is_string() && copy["due_at"].is_string() && copy["done_at"].is_string());
        assert!(html.contains(copy["request_id"].as_str().unwrap()));
        let terms: Vec<_> = copy["terms"].as_array().unwrap().iter().map(|term| term["regime"].as_str().unwrap()).collect();
        assert_eq!(terms, ["kz", "eu"], "the strictest first");
        for authority in read["authorities"].as_array().unwrap() {
            assert!(
                ["name", "address", "way", "as_of", "source"].iter().all(|field| !authority[*field].as_str().unwrap().is_empty()),
                "{authority}"
            );
        }
        assert!(!read["consents"].as_array().unwrap().is_empty());
        for foreign in [&other.id, &other.email, &other.first_name] {
            assert!(!html.contains(foreign.as_str()) && !document.contains(foreign.as_str()));
        }
    }
    let refused = school.client.post("/v1/me/complaint", Some(&learner.access_token), json!({ "language": "fr" })).await.unwrap().refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("UNKNOWN_LANGUAGE", "language"));
    assert!(!school.client.post("/v1/me/complaint", None, json!({})).await.unwrap().status.is_success());
}

async fn complains(school: &School, person: &Person, text: &str) -> Value {
    let ask = json!({ "text": text, "idempotencyKey": key() });
    school.client.post("/v1/me/complaints", Some(&person.access_token), ask).await.unwrap().ok()
}

fn time(value: &Value) -> foundation::Timestamp {
    let time: prost_types::Timestamp = value.as_str().unwrap().parse().unwrap();
    foundation::Timestamp::from_proto(&time)
}

/// On the officer's list, by its number.
async fn listed(school: &School, officer: &Person, id: &Value) -> Option<Value> {
    let page = school.client.get("/v1/officer/requests?pageSize=200", Some(&officer.access_token)).await.unwrap().ok();
    page["requests"].as_array().into_iter().flatten().find(|request| request["requestId"] == *id).cloned()
}

#[tokio::test]
async fn p22_term_of_ten_days_runs_in_sight_of_both_until_the_answer() {
    let school = school();
    let (learner, officer) = (school.learner().await, school.staff("PRIVACY_OFFICER").await);
    let complaint = complains(school, &learner, "Nobody has answered my question for two weeks.").await;
    let id = &complaint["requestId"];
    let (due, article) = privacy::Calendar::try_new(6).unwrap().due("complaint", time(&complaint["receivedAt"])).unwrap();
    assert_eq!((time(&complaint["dueAt"]), complaint["article"].as_str()), (due.at, Some(article.as_str())));
    let days = time(&complaint["dueAt"]).since(time(&complaint["receivedAt"])).as_secs() / 86_400;
    assert!((9..=16).contains(&days), "ten calendar days, and to the next working day: {days}");
    let mine = requests(school, &learner, "COMPLAINT").await;
    assert_eq!((&mine[0]["requestId"], &mine[0]["dueAt"]), (id, &complaint["dueAt"]), "in the person's sight");
    let seen = listed(school, &officer, id).await.expect("in the officer's sight");
    assert_eq!((seen["kind"].as_str(), &seen["dueAt"]), (Some("COMPLAINT"), &complaint["dueAt"]));
    assert!(!seen.to_string().contains("two weeks"), "the list shows not a word");

    let path = format!("/v1/officer/cases/{}:answer", id.as_str().unwrap());
    let answer = json!({ "decision": "GRANTED", "reason": "You are right: the question was lost, and is answered now." });
    school.client.post(&path, Some(&officer.access_token), answer).await.unwrap().ok();
    school.mail.find(&learner.email, "the answer", |mail| mail.contains("Subject: An answer to your complaint").then_some(())).await;
    assert!(listed(school, &officer, id).await.is_none(), "done is not open");
    let mine = requests(school, &learner, "COMPLAINT").await;
    assert!(time(&mine[0]["doneAt"]) < time(&mine[0]["dueAt"]), "within its term");
}

#[test]
fn p22_term_that_runs_out_is_seen_and_told_to_the_officer() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let learner = school.learner().await;
        let complaint = complains(&school, &learner, "Nobody has answered my question for two weeks.").await;
        let (officer, _) = school.demo("PRIVACY_OFFICER");
        // The demo officer reads Russian.
        let (nearly, over) = ("Прошло четыре пятых срока чьего-то запроса", "Срок чьего-то запроса истёк");
        let whole = time(&complaint["dueAt"]).since(time(&complaint["receivedAt"]));
        school.advance(whole * 85 / 100);
        school.mail.find(&officer, "the alarm at four fifths", |mail| mail.contains(nearly).then_some(())).await;
        assert!(!school.mail.to(&officer).iter().any(|mail| mail.contains(over)));
        school.advance(whole);
        school.mail.find(&officer, "the alarm at the end", |mail| mail.contains(over).then_some(())).await;
        for mail in school.mail.to(&officer) {
            assert!(!mail.contains(&learner.first_name) && !mail.contains(&learner.email), "the alarm names nobody");
        }
        let officer = school.staff("PRIVACY_OFFICER").await;
        until("overdue on the list", || async {
            listed(&school, &officer, &complaint["requestId"]).await.filter(|request| request["overdue"] == true)
        })
        .await;
        let learner = school.signs_in(learner).await;
        let document: Value = serde_json::from_str(file(&school, &learner, "en", "").await["document"].as_str().unwrap()).unwrap();
        let late = document["requests"].as_array().unwrap().iter().find(|request| request["kind"] == "COMPLAINT").unwrap();
        assert_eq!(late["in_time"], false, "the file says so");
    });
}
