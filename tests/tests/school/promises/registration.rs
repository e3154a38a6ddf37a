//! P03, P24, P25: what registration keeps, and how it travels and rests.

use serde_json::json;
use testkit::{markers, school};

#[tokio::test]
async fn p03_data_is_what_the_promise_lists() {
    let school = school();
    let learner = school.learner().await;
    let me = school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().ok();
    for (field, value) in
        [("firstName", &learner.first_name), ("lastName", &learner.last_name), ("email", &learner.email), ("phone", &learner.phone)]
    {
        assert_eq!(me[field], value.as_str());
    }
    assert_eq!(me["ageBracket"], "ADULT");
    let known = ["personId", "firstName", "lastName", "email", "phone", "ageBracket", "language", "roles", "registeredAt"];
    for field in me.as_object().unwrap().keys() {
        assert!(known.contains(&field.as_str()), "{field} is not in the promise");
    }
    let birth = json!({ "birth_date": "1990-01-01" });
    assert_eq!(school.client.post("/v1/accounts", None, birth).await.unwrap().refused().status, 400, "no birth date is taken");
}

#[tokio::test]
async fn p03_phone_may_be_left_out() {
    let school = school();
    let mut person = school.registers().await;
    person.email = format!("no.phone.{}", person.email);
    let mut body = school.registration(&person).await;
    body.as_object_mut().unwrap().remove("phone");
    school.client.post("/v1/accounts", None, body).await.unwrap().ok();
    person.phone.clear();
    let person = school.confirms(person).await;
    let me = school.client.get("/v1/me", Some(&person.access_token)).await.unwrap().ok();
    assert!(me["phone"].as_str().unwrap_or_default().is_empty());
}

#[tokio::test]
async fn p25_hashed_with_argon2id_and_nowhere_readable() {
    let school = school();
    let learner = school.learner().await;
    assert_eq!(markers::find(school, std::slice::from_ref(&learner.password)).await, Vec::<String>::new(), "the password itself");
    let hash = markers::find(school, &["$argon2id$v=19$m=19456,t=2,p=1$".to_owned()]).await;
    assert!(hash.iter().any(|place| place.contains("identity")), "an argon2id hash of at least 19 MiB and two passes: {hash:?}");
}

#[tokio::test]
async fn p24_edge_speaks_tls_only() {
    let school = school();
    let answer = school.client.get("/healthz", None).await.unwrap();
    assert!(answer.headers.contains_key("strict-transport-security"));
    // Plain HTTP to the same port gets no HTTP answer.
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let port = school.client.base().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let mut plain = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    plain.write_all(b"GET /v1/policy HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"), "nothing is served without TLS");
}
