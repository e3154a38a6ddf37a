//! Bad input: a typed error with reason and field, nothing half-written, nothing personal shown.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use testkit::school;
use uuid::Uuid;

async fn registration() -> Value {
    let school = school();
    let marker = Uuid::new_v4().simple().to_string();
    json!({
        "first_name": "Dana", "last_name": "Omarova", "email": format!("dana.{marker}@learner.example"), "age_bracket": "ADULT",
        "password": format!("Wind over the steppe {marker}"), "language": "ru",
        "consents": testkit::Consents::shown(&school.client, "ru").await.0, "idempotency_key": marker,
    })
}

#[tokio::test]
async fn a_registration_that_is_not_right_names_the_field() {
    let school = school();
    for (change, field) in [
        (json!({ "email": "nobody" }), "email"),
        (json!({ "first_name": "" }), "first_name"),
        (json!({ "password": "short" }), "password"),
        (json!({ "password": "passwordpassword" }), "password"),
        (json!({ "phone": "12" }), "phone"),
        (json!({ "language": "de" }), "language"),
        (json!({ "age_bracket": "UNDER_14" }), "age_bracket"),
        (json!({ "consents": [] }), "consents"),
        (json!({ "idempotency_key": "" }), "idempotency_key"),
    ] {
        let mut body = registration().await;
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = school.client.post("/v1/accounts", None, body.clone()).await.unwrap().refused();
        assert!(refused.status.is_client_error(), "{change}: {}", refused.status);
        assert!(refused.field().starts_with(field), "{change} names {:?}: {}", refused.field(), refused.json());
        let email = body["email"].as_str().unwrap();
        assert!(!String::from_utf8_lossy(&refused.body).contains(email), "no personal data in an error");
    }
}

#[tokio::test]
async fn minors_and_names_with_links_are_refused_with_their_reason() {
    let school = school();
    for (change, reason, field) in [
        (json!({ "age_bracket": "UNDER_14" }), "PARENT_MUST_REGISTER", "age_bracket"),
        (json!({ "age_bracket": "FROM_14_TO_17" }), "PARENT_MUST_CONSENT", "age_bracket"),
        (json!({ "first_name": "https://evil.example/win" }), "INVALID_NAME", "first_name"),
        (json!({ "last_name": "You won at evil.example" }), "INVALID_NAME", "last_name"),
    ] {
        let mut body = registration().await;
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = school.client.post("/v1/accounts", None, body.clone()).await.unwrap().refused();
        assert_eq!((refused.reason().as_str(), refused.field().as_str()), (reason, field), "{change}");
        assert!(school.mail.to(body["email"].as_str().unwrap()).is_empty(), "{change}: nobody is mailed");
    }
    let letter = json!({
        "email": "dana@visitor.example", "name": "You won at evil.example", "language": "en", "topic": "QUESTION", "text": "Hello",
        "idempotency_key": Uuid::new_v4().to_string(),
    });
    let refused = school.client.post("/v1/contact", None, letter).await.unwrap().refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("INVALID_NAME", "name"));
}

#[tokio::test]
async fn json_that_is_none_is_refused() {
    let school = school();
    let headers = [("content-type", "application/json")];
    for (body, status) in [("{", 400), ("[]", 400), (r#"{"no_such_field": 1}"#, 400), (r#"{"email": 7}"#, 400)] {
        let answer = school.client.send(Method::POST, "/v1/sessions", &headers, Bytes::from(body)).await.unwrap().refused();
        assert_eq!(answer.status.as_u16(), status, "{body}");
    }
    let large = format!(r#"{{"email": "{}"}}"#, "x".repeat(10 * 1024 * 1024 + 1));
    let answer = school.client.send(Method::POST, "/v1/sessions", &headers, Bytes::from(large)).await.unwrap().refused();
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_known_address_gets_the_same_answer_and_another_mail() {
    let school = school();
    let learner = school.learner().await;
    let mut body = school.registration(&learner).await;
    let first = school.client.post("/v1/accounts", None, body.clone()).await.unwrap();
    body["email"] = format!("other.{}@learner.example", Uuid::new_v4().simple()).into();
    body["idempotency_key"] = Uuid::new_v4().to_string().into();
    let other = school.client.post("/v1/accounts", None, body).await.unwrap();
    assert_eq!((first.status, first.json()), (other.status, other.json()));
    school
        .mail
        .find(&learner.email, "a mail that says that there is an account", |mail| {
            let already = mail.contains("already") && !mail.contains("/confirm?token=");
            already.then_some(())
        })
        .await;
}

#[tokio::test]
async fn tokens_that_are_not_ours_open_nothing() {
    let school = school();
    let learner = school.learner().await;
    let mut forged = learner.access_token.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    for token in ["", "x", "a.b.c", forged.as_str()] {
        assert_eq!(school.client.get("/v1/me", Some(token)).await.unwrap().refused().status, 401);
    }
    assert_eq!(school.client.get("/v1/me", None).await.unwrap().refused().status, 401);
    for link in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = school.client.post("/v1/accounts:confirm", None, json!({ "token": link })).await.unwrap().refused();
        assert_eq!(refused.reason(), "LINK_INVALID", "{link}");
    }
    assert_eq!(school.client.get("/v1/receipts/forged", None).await.unwrap().refused().status, 404);
}

#[tokio::test]
async fn the_gateway_knows_no_internal_method() {
    let school = school();
    let headers = [("content-type", "application/grpc"), ("te", "trailers")];
    for path in ["/kolsai.keyring.v1.Keyring/Lease", "/kolsai.holder.v1.Holder/Export", "/kolsai.identity.v1.Contacts/ResolveForMail"] {
        let answer = school.client.send(Method::POST, path, &headers, Bytes::from_static(&[0; 5])).await.unwrap();
        assert_eq!(answer.headers.get("grpc-status").map(|s| s.as_bytes()), Some(b"12".as_slice()), "{path} is unimplemented");
    }
}

#[tokio::test]
async fn the_same_key_with_another_body_is_an_error() {
    let school = school();
    let mut body = registration().await;
    school.client.post("/v1/accounts", None, body.clone()).await.unwrap().ok();
    school.client.post("/v1/accounts", None, body.clone()).await.unwrap().ok();
    body["first_name"] = "Somebody else".into();
    let refused = school.client.post("/v1/accounts", None, body).await.unwrap().refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("IDEMPOTENCY_KEY_REUSED", "idempotency_key"));
}
