//! Bad input to restriction, withdrawal and objection.

use contract::{Event, privacy::v1::PersonStateChanged};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value as Sql};
use serde_json::{Value, json};
use testkit::{Answer, Person, School, key, school};
use uuid::Uuid;

use crate::promises::{
    erasure::order,
    learning::take,
    states::{asks, in_force, restricts, told, withdraws},
};

async fn posts(school: &School, person: &Person, path: &str, body: Value) -> Answer {
    school.client.post(path, Some(&person.access_token), body).await.unwrap()
}

#[tokio::test]
async fn requests_that_race_are_one() {
    let school = school();
    let learner = school.learner().await;
    let restrict = || posts(school, &learner, "/v1/me/restriction", json!({}));
    let (a, b, c, d) = tokio::join!(restrict(), restrict(), restrict(), restrict());
    let answers: Vec<Value> = [a, b, c, d].into_iter().map(Answer::ok).collect();
    assert!(answers.iter().all(|answer| answer["requestId"] == answers[0]["requestId"]), "{answers:?}");
    let withdraw = || posts(school, &learner, "/v1/me/withdrawals", json!({ "purpose": "STATISTICS" }));
    let (a, b, c) = tokio::join!(withdraw(), withdraw(), withdraw());
    let answers: Vec<Value> = [a, b, c].into_iter().map(Answer::ok).collect();
    assert!(answers.iter().all(|answer| answer["requestId"] == answers[0]["requestId"]), "{answers:?}");
    let state = school.client.get("/v1/me/processing", Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(state, json!({ "restricted": true, "withdrawn": ["STATISTICS"] }));
}

/// Restricting and lifting at once ends in one of both states, and every request comes to its end.
#[tokio::test]
async fn a_change_of_mind_leaves_no_request_hanging() {
    let school = school();
    let learner = school.learner().await;
    in_force(school, &learner, &restricts(school, &learner).await).await;
    let lift = || posts(school, &learner, "/v1/me/restriction:lift", json!({}));
    let restrict = || posts(school, &learner, "/v1/me/restriction", json!({}));
    let (lifted, restricted) = tokio::join!(lift(), restrict());
    lifted.ok();
    restricted.ok();
    testkit::until("every request to be done", || async {
        let mine = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
        mine["requests"].as_array().unwrap().iter().all(|request| request["doneAt"].is_string()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_not_restricted_is_not_lifted_and_only_consent_is_withdrawn() {
    let school = school();
    let learner = school.learner().await;
    let refused = posts(school, &learner, "/v1/me/restriction:lift", json!({})).await.refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (400, "NOT_RESTRICTED"));
    for (purpose, reason) in [
        (json!("PURPOSE_UNSPECIFIED"), "UNKNOWN_PURPOSE"),
        (json!(99), "UNKNOWN_PURPOSE"),
        (json!("ACCOUNT"), "PURPOSE_CANNOT_BE_WITHDRAWN"),
        (json!("SECURITY"), "PURPOSE_CANNOT_BE_WITHDRAWN"),
        (json!("RIGHTS"), "PURPOSE_CANNOT_BE_WITHDRAWN"),
        (json!("LEGAL_RETENTION"), "PURPOSE_CANNOT_BE_WITHDRAWN"),
        (json!("SERVICE_NOTICE"), "PURPOSE_CANNOT_BE_WITHDRAWN"),
    ] {
        let refused = posts(school, &learner, "/v1/me/withdrawals", json!({ "purpose": purpose })).await.refused();
        assert_eq!(refused.reason(), reason, "{purpose}");
    }
    // What the contract does not know does not reach us.
    assert_eq!(posts(school, &learner, "/v1/me/withdrawals", json!({ "purpose": "SELLING" })).await.refused().status.as_u16(), 400);
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let text = |purpose: &str| json!({ "purpose": purpose, "textVersion": policy["version"], "textHash": policy["registrationConsentHash"], "language": "en" });
    for (purpose, reason) in
        [("STATISTICS", "NOT_WITHDRAWN"), ("NEWSLETTER", "SUBSCRIBE_INSTEAD"), ("SECURITY", "PURPOSE_CANNOT_BE_WITHDRAWN")]
    {
        assert_eq!(posts(school, &learner, "/v1/me/withdrawals:undo", text(purpose)).await.refused().reason(), reason, "{purpose}");
    }
    let mine = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
    assert!(mine["requests"].as_array().is_none_or(Vec::is_empty), "nothing was begun: {mine}");
}

#[tokio::test]
async fn while_an_erasure_runs_nothing_else_begins() {
    let school = school();
    let learner = school.learner().await;
    order(school, &learner.access_token).await;
    for (path, body) in [("/v1/me/restriction", json!({})), ("/v1/me/withdrawals", json!({ "purpose": "STATISTICS" }))] {
        let refused = posts(school, &learner, path, body).await.refused();
        // Too late for anything: the erasure is known, or the session is over already.
        let known = ["ERASURE_UNDER_WAY", "NO_SUCH_PERSON", "TOKEN_REVOKED", "NOT_SIGNED_IN", "SESSION_ENDED"];
        assert!(known.contains(&refused.reason().as_str()) || refused.status.as_u16() == 401, "{path}: {}", refused.json());
    }
}

fn bytes<E: Event>(event: &E) -> Vec<u8> {
    event.encode_to_vec()
}

/// An event that comes late, or twice, or in another order, changes nothing.
#[tokio::test]
async fn a_late_event_restricts_nobody() {
    let school = school();
    let learner = school.learner().await;
    in_force(school, &learner, &restricts(school, &learner).await).await;
    let lifting = asks(school, &learner, "/v1/me/restriction:lift", json!({})).await;
    in_force(school, &learner, &lifting).await;
    let stale = PersonStateChanged { person_id: learner.id.clone(), state: 1, withdrawn: vec![8], version: 1 };
    // As an outbox that was restored would say it again.
    let (privacy, id) = (school.database("privacy").await, Uuid::now_v7());
    let (sql, published) = match privacy.get_database_backend() {
        DbBackend::Sqlite => ("VALUES (?1, ?2, ?3, 0, 0, 0, 0)", "WHERE id = ?1 AND published_at IS NOT NULL"),
        _ => ("VALUES ($1, $2, $3, 0, 0, 0, 0)", "WHERE id = $1 AND published_at IS NOT NULL"),
    };
    let values = [Sql::from(id), Sql::from(PersonStateChanged::TYPE), Sql::from(bytes(&stale))];
    let sql = format!("INSERT INTO outbox (id, kind, payload, at, attempts, due_at, version) {sql}");
    privacy.execute_raw(Statement::from_sql_and_values(privacy.get_database_backend(), sql, values)).await.unwrap();
    let published = format!("SELECT id FROM outbox {published}");
    testkit::until("the late event to be taken", || async {
        let ask = Statement::from_sql_and_values(privacy.get_database_backend(), &published, [Sql::from(id)]);
        privacy.query_one_raw(ask).await.unwrap().map(|_| ())
    })
    .await;
    let ask = json!({ "topic": "QUESTION", "text": "May I?", "idempotencyKey": key() });
    asks(school, &learner, "/v1/tickets", ask).await;
}

#[tokio::test]
async fn objections_are_to_ones_own_results_only() {
    let school = school();
    let (course, learner, other) = (school.course().await, school.learner().await, school.learner().await);
    school.enrols(&learner, &course).await;
    let attempt = take(school, &learner, &course.tests[0], false).await;
    let ask = |decision: &str, id: &Value, reason: &str| json!({ "decision": decision, "decisionId": id, "reason": reason, "idempotencyKey": key() });
    let mine = &attempt["attemptId"];
    for (person, body, reason) in [
        (&other, ask("TEST_RESULT", mine, "not mine"), "NO_SUCH_DECISION"),
        (&learner, ask("TEST_RESULT", &json!(key()), "nobody's"), "NO_SUCH_DECISION"),
        (&learner, ask("TEST_RESULT", &json!("x"), "no identifier"), "NO_SUCH_DECISION"),
        (&learner, ask("DECISION_UNSPECIFIED", mine, "what?"), "UNKNOWN_DECISION"),
        (&learner, ask("TEST_RESULT", mine, " "), "INVALID_TEXT"),
        (&learner, ask("TEST_RESULT", mine, &"a".repeat(2_001)), "INVALID_TEXT"),
    ] {
        assert_eq!(posts(school, person, "/v1/me/objections", body).await.refused().reason(), reason);
    }
    let objection = asks(school, &learner, "/v1/me/objections", ask("TEST_RESULT", mine, "unclear")).await;
    let twice = asks(school, &learner, "/v1/me/objections", ask("TEST_RESULT", mine, "still unclear")).await;
    assert_eq!(objection["requestId"], twice["requestId"], "one objection to a decision at a time");
    let officer = school.staff("PRIVACY_OFFICER").await;
    let path = format!("/v1/officer/objections/{}:answer", objection["requestId"].as_str().unwrap());
    for (body, reason) in [
        (json!({ "answer": "It stands, by the pass mark." }), "INVALID_OUTCOME"),
        (json!({ "outcome": "UPHELD", "answer": "no" }), "INVALID_TEXT"),
    ] {
        assert_eq!(posts(school, &officer, &path, body).await.refused().reason(), reason);
    }
    let unknown = format!("/v1/officer/objections/{}:answer", key());
    let body = json!({ "outcome": "UPHELD", "answer": "It stands, by the pass mark." });
    assert_eq!(posts(school, &officer, &unknown, body).await.refused().reason(), "NO_SUCH_REQUEST");
}

/// A withdrawal while restricted is recorded, and told.
#[tokio::test]
async fn a_restricted_person_uses_their_other_rights() {
    let school = school();
    let learner = school.learner().await;
    in_force(school, &learner, &restricts(school, &learner).await).await;
    let withdrawal = withdraws(school, &learner, "NEWSLETTER").await;
    in_force(school, &learner, &withdrawal).await;
    told(school, &learner, &withdrawal).await;
}
