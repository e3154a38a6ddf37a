//! JSON in, JSON or raw bodies out.

use http::{Method, StatusCode};
use serde_json::json;

use crate::school::School;

fn registration() -> serde_json::Value {
    json!({ "firstName": "Aigul", "last_name": "S", "email": "a@example.kz", "password": "long enough for all", "consents": [{ "purpose": "ACCOUNT" }], "idempotencyKey": "12" })
}

#[tokio::test]
async fn a_call_goes_through_and_its_answer_is_json() {
    let school = School::open().await;
    for told in
        [school.post("/v1/accounts", registration()).send().await, school.post("/v1/accounts", registration()).over_http1().send().await]
    {
        assert_eq!((told.status, told.json()), (StatusCode::OK, json!({ "linkTtlSeconds": 3 })));
        assert_eq!(told.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn path_and_query_reach_their_fields() {
    let school = School::open().await;
    let told = school.get("/v1/receipts/a%20b%2Fc").send().await;
    assert_eq!(told.json(), json!({ "state": "OPEN", "keyId": "a b/c" }));
    let told = school.get("/v1/me/accesses?page_size=7&pageToken=x%2By").signed_in().send().await;
    assert_eq!(told.json(), json!({ "nextPageToken": "x+y+7" }));
    let told = school
        .ask(Method::PATCH, "/v1/me")
        .signed_in()
        .header("content-type", "application/json")
        .body(r#"{"first_name": "Dana"}"#)
        .send()
        .await;
    assert_eq!(told.json(), json!({ "firstName": "Dana", "lastName": "first_name" }));
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_repeated() {
    let school = School::open().await;
    let post = |body: &'static str| school.ask(Method::POST, "/v1/accounts").header("content-type", "application/json").body(body);

    let told = post(r#"{"email": "aigul@example.kz" "x"}"#).send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::BAD_REQUEST, "BAD_BODY"));
    assert!(told.json()["error"]["message"].as_str().unwrap().contains("line 1, column"));

    let told = post(r#"{"e_mail": "aigul@example.kz"}"#).send().await;
    assert_eq!((told.status, told.fields()), (StatusCode::BAD_REQUEST, vec!["e_mail".to_owned()]));

    let told = post(r#"{"email": ["aigul@example.kz"], "consents": [{"purpose": "aigul"}]}"#).send().await;
    assert_eq!(told.fields(), ["email", "consents[0].purpose"]);
    assert!(!told.json().to_string().contains("aigul"));

    let told = school.get("/v1/me/accesses?page_size=aigul").signed_in().send().await;
    assert_eq!((told.status, told.fields()), (StatusCode::BAD_REQUEST, vec!["page_size".to_owned()]));
    let told = school.get("/v1/me/accesses?nothing=1").signed_in().send().await;
    assert_eq!(told.fields(), ["nothing"]);
    assert!(school.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_services_refusal_keeps_its_details() {
    let school = School::open().await;
    let told = school.post("/v1/accounts", json!({ "password": "short" })).send().await;
    let error = &told.json()["error"];
    assert_eq!(
        (error["code"].as_u64(), error["status"].as_str(), told.reason().as_str()),
        (Some(400), Some("INVALID_ARGUMENT"), "PASSWORD_TOO_SHORT")
    );
    assert_eq!(told.fields(), ["password"]);
    assert_eq!(error["trace_id"].as_str(), Some(told.header("x-trace-id")));

    let told = school.get("/v1/receipts/none").send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::NOT_FOUND, "NO_SUCH_RECEIPT"));

    let told = school.post("/v1/accounts:confirm", json!({})).send().await;
    assert_eq!(told.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!told.json().to_string().contains("10.0.0.7"));
}

#[tokio::test]
async fn sizes_and_media_types_are_bounded() {
    let school = School::with(|config| (config.max_body_bytes, config.max_header_bytes) = (1_000, 2_000)).await;
    let told = school.post("/v1/accounts", json!({ "firstName": "x".repeat(1_000) })).send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE"));
    let told = school.ask(Method::POST, "/v1/accounts").header("content-type", "text/plain").body("{}").send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "WRONG_MEDIA_TYPE"));
    let told = school.get("/v1/signing-keys").header("x-long", "x".repeat(2_500)).send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE"));
}

#[tokio::test]
async fn paths_and_verbs_that_do_not_exist_say_so() {
    let school = School::open().await;
    for path in ["/nothing", "/v1/nothing", "/v1/accounts/", "/v1//me", "/kolsai.identity.v1.Contacts/ResolveForMail"] {
        let told = school.get(path).send().await;
        assert_eq!((told.status, told.reason().as_str()), (StatusCode::NOT_FOUND, "NO_SUCH_ROUTE"), "{path}");
    }
    let told = school.ask(Method::DELETE, "/v1/me").send().await;
    assert_eq!((told.status, told.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, PATCH"));
    let get = school.get("/v1/signing-keys").send().await;
    for head in [school.ask(Method::HEAD, "/v1/signing-keys"), school.ask(Method::HEAD, "/v1/signing-keys").over_http1()] {
        let head = head.send().await;
        assert_eq!((head.status, head.body.len(), head.header("content-length")), (StatusCode::OK, 0, get.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_session_is_asked_for_early_and_only_where_it_is_needed() {
    let school = School::open().await;
    for (ask, reason) in [(school.get("/v1/me"), "NO_TOKEN"), (school.get("/v1/me").header("authorization", "Bearer bad"), "BAD_TOKEN")] {
        let told = ask.send().await;
        assert_eq!((told.status, told.reason().as_str()), (StatusCode::UNAUTHORIZED, reason));
        assert_eq!(told.header("www-authenticate"), "Bearer");
    }
    assert!(school.seen.lock().unwrap().is_empty());
    assert_eq!(school.get("/v1/signing-keys").header("authorization", "Bearer bad").send().await.status, StatusCode::OK);
    let told = school.get("/v1/me").signed_in().send().await;
    assert_eq!(told.json(), json!({ "firstName": "Aigul", "ageBracket": "ADULT" }));
    assert_eq!(school.last_seen()["authorization"], "Bearer good");
}

#[tokio::test]
async fn raw_bodies_stream_with_their_own_media_type() {
    let school = School::open().await;
    let told = school.get("/v1/me/copy").signed_in().send().await;
    assert_eq!((told.status, &told.body[..]), (StatusCode::OK, &b"PKarchive"[..]));
    assert_eq!(told.header("content-type"), "application/zip");
    assert_eq!(told.header("content-disposition"), "attachment; filename=\"copy.zip\"");
    assert_eq!(told.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_idempotency_key_may_come_as_a_header() {
    let school = School::open().await;
    let mut without = registration();
    without.as_object_mut().unwrap().remove("idempotencyKey");
    let told = school.post("/v1/accounts", without).header("idempotency-key", "12345").send().await;
    assert_eq!(told.json(), json!({ "linkTtlSeconds": 6 }));
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_object() {
    let school = School::open().await;
    let told = school.ask(Method::DELETE, "/v1/sessions/current").signed_in().send().await;
    assert_eq!((told.status, &told.body[..], told.header("content-type")), (StatusCode::OK, &b"{}"[..], "application/json"));
}

#[tokio::test]
async fn not_now_says_when() {
    let school = School::open().await;
    let told = school.get("/v1/me/sessions").signed_in().send().await;
    assert_eq!((told.status, told.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert_eq!(told.json()["error"]["retry_after_seconds"], 1);
}
