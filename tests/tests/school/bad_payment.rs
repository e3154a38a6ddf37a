//! Bad input to payment: notifications that are forged, stale, repeated or of something else, and orders of somebody else.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use testkit::{Answer, Person, School, key, partner, school};

const HEADER: &str = "x-partner-signature";

/// The partner's side of what was agreed: the settings that ship with the source.
fn agreed(name: &str) -> String {
    let defaults: Value = toml::from_str(payment::DEFAULTS).unwrap();
    defaults["payment"][name].as_str().unwrap().to_owned()
}

/// As the contract says: `t=<seconds>,v1=<HMAC-SHA-256 of "<t>.<body>", hex>`.
fn signed(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn now(school: &School) -> i64 {
    school.engines().clock().now().seconds()
}

async fn notifies(school: &School, signatures: &[&str], body: &[u8]) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(signatures.iter().map(|signature| (HEADER, *signature)));
    school.client.send(Method::POST, "/v1/payment-notifications", &headers, Bytes::copy_from_slice(body)).await.unwrap()
}

/// Genuine at this moment.
async fn says(school: &School, word: &Value) -> Answer {
    let body = word.to_string().into_bytes();
    notifies(school, &[&signed(&agreed("notification_key"), now(school), &body)], &body).await
}

/// An order that waits on the partner's page, and the partner's word that it is paid.
async fn ordered(school: &School) -> (Person, Value, Value) {
    let (course, learner) = (school.course().await, school.learner().await);
    let order = school.orders(&learner, &course).await;
    assert_eq!(order["state"], "PENDING");
    let payment = order["paymentUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let report = json!({
        "order_id": order["orderId"], "payment_id": payment, "status": "paid", "amount": course.price_minor.parse::<i64>().unwrap(),
        "currency": "KZT", "merchant": agreed("merchant"),
    });
    (learner, order, json!({ "event_id": key(), "payment": report }))
}

async fn state(school: &School, learner: &Person, order: &Value) -> String {
    let path = format!("/v1/orders/{}", order["orderId"].as_str().unwrap());
    school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok()["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_not_proven_is_not_read() {
    let school = school();
    let (learner, order, word) = ordered(school).await;
    let (secret, at) = (agreed("notification_key"), now(school));
    let body = word.to_string().into_bytes();
    let genuine = signed(&secret, at, &body);
    let forged = signed("a key that nobody has agreed on with anybody", at, &body);
    let of_request = signed(&agreed("merchant_key"), at, &body);
    let mut other_body = word.clone();
    other_body["payment"]["amount"] = 1.into();
    let other_body = other_body.to_string().into_bytes();
    for (what, signatures, body, reason) in [
        ("no signature", vec![], &body, "WRONG_SIGNATURE"),
        ("an empty one", vec![""], &body, "WRONG_SIGNATURE"),
        ("one that is none", vec!["t=now,v1=secret"], &body, "WRONG_SIGNATURE"),
        ("somebody else's key", vec![forged.as_str()], &body, "WRONG_SIGNATURE"),
        ("our own requests' key", vec![of_request.as_str()], &body, "WRONG_SIGNATURE"),
        ("a genuine one of other bytes", vec![genuine.as_str()], &other_body, "WRONG_SIGNATURE"),
        ("two signatures", vec![genuine.as_str(), forged.as_str()], &body, "WRONG_SIGNATURE"),
    ] {
        let refused = notifies(school, &signatures, body).await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (401, reason), "{what}");
    }
    for minutes in [-6, 6] {
        let stale = signed(&secret, at + minutes * 60, &body);
        assert_eq!(notifies(school, &[&stale], &body).await.refused().reason(), "STALE_SIGNATURE", "{minutes} minutes off");
    }
    for unreadable in ["", "{", "[]", "{}", r#"{"event_id":"x","payment":{}}"#, "\u{0}"] {
        let refused = notifies(school, &[&signed(&secret, at, unreadable.as_bytes())], unreadable.as_bytes()).await.refused();
        assert_eq!(
            (refused.status.as_u16(), refused.reason().as_str(), refused.field().as_str()),
            (400, "UNREADABLE", "data"),
            "{unreadable:?}"
        );
    }
    let large = vec![b' '; 64 * 1024 + 1];
    let refused = notifies(school, &[&signed(&secret, at, &large)], &large).await.refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("TOO_LARGE", "data"));
    let mut card = word.clone();
    card["payment"]["card"] = "4000 0000 0000 0002".into();
    let refused = says(school, &card).await.refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("CARD_NUMBER", "data"));
    assert_eq!(state(school, &learner, &order).await, "PENDING", "nothing of all that paid the order");
}

#[tokio::test]
async fn a_genuine_word_of_something_else_changes_nothing() {
    let school = school();
    let (learner, order, word) = ordered(school).await;
    for (member, value, reason) in [
        ("amount", json!(1), "OTHER_AMOUNT"),
        ("amount", json!(-4_900_000), "OTHER_AMOUNT"),
        ("currency", json!("USD"), "OTHER_CURRENCY"),
        ("merchant", json!("somebody-else"), "OTHER_MERCHANT"),
        ("payment_id", json!(key()), "OTHER_PAYMENT"),
    ] {
        let mut other = word.clone();
        other["payment"][member] = value;
        let refused = says(school, &other).await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (400, reason), "{member}");
        assert_eq!(state(school, &learner, &order).await, "PENDING", "{member}");
    }
    let mut nobodys = word.clone();
    nobodys["payment"]["order_id"] = key().into();
    let refused = says(school, &nobodys).await.refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, "NO_SUCH_ORDER"));
    // The genuine word still pays it.
    says(school, &word).await.ok();
    assert_eq!(state(school, &learner, &order).await, "PAID");
}

#[tokio::test]
async fn a_repeated_or_late_word_is_taken_once() {
    let school = school();
    let (learner, order, word) = ordered(school).await;
    let body = word.to_string().into_bytes();
    let signature = signed(&agreed("notification_key"), now(school), &body);
    let signed = [signature.as_str()];
    let send = || notifies(school, &signed, &body);
    let all = tokio::join!(send(), send(), send());
    for answer in [all.0, all.1, all.2] {
        // Two at once may meet on the order's row: the partner sends it again.
        assert!(answer.status.is_success() || answer.reason() == "CHANGED_MEANWHILE", "{}", answer.json());
    }
    send().await.ok();
    for late in ["pending", "unknown", "declined", "expired"] {
        let mut old = word.clone();
        old["payment"]["status"] = late.into();
        says(school, &old).await.ok();
        assert_eq!(state(school, &learner, &order).await, "PAID", "{late} comes too late");
    }
    let course = school.course().await;
    school.enrolment(&learner, &course).await;
    let (paid, opened) = ("Subject: Your payment has arrived", "Subject: Your course is open");
    for subject in [paid, opened] {
        school.mail.find(&learner.email, subject, |mail| mail.contains(subject).then_some(())).await;
    }
    let copy = school.copy(&learner).await;
    assert_eq!(copy.rows("payment", "tax_receipt").len(), 1);
    assert_eq!(copy.rows("payment", "ledger_entry").len(), 2, "one debit, one credit");
    assert_eq!(copy.rows("learning", "enrolment").len(), 1);
    for subject in [paid, opened] {
        assert_eq!(school.mail.to(&learner.email).iter().filter(|mail| mail.contains(subject)).count(), 1, "{subject}");
    }

    // After a refund the word of the payment brings nothing back.
    let admin = school.staff("ADMINISTRATOR").await;
    let ask = json!({ "reason": "PAID_BY_MISTAKE", "idempotencyKey": key() });
    let path = format!("/v1/orders/{}", order["orderId"].as_str().unwrap());
    school.client.post(&format!("{path}:refund"), Some(&admin.access_token), ask).await.unwrap().ok();
    let mut refunded = word.clone();
    refunded["payment"]["status"] = "refunded".into();
    says(school, &refunded).await.ok();
    says(school, &word).await.ok();
    assert_eq!(state(school, &learner, &order).await, "REFUNDED");
}

#[tokio::test]
async fn the_sandboxs_own_tricks_are_all_seen_through() {
    let school = school();
    let (learner, order, _) = ordered(school).await;
    let page = order["paymentUrl"].as_str().unwrap();
    partner::control(school, page, json!({ "deliver": [] })).await;
    partner::pay(school, page, partner::TEST_CARD, "paid").await.ok_bytes();
    for (trick, status) in
        [("forged", 401), ("stale", 401), ("other_amount", 400), ("other_currency", 400), ("other_merchant", 400), ("card_number", 400)]
    {
        let sent = partner::control(school, page, json!({ "deliver": [trick] })).await;
        assert_eq!(sent["sent"][0]["status"], status, "{trick}");
        assert_eq!(state(school, &learner, &order).await, "PENDING", "{trick}");
    }
    let sent = partner::control(school, page, json!({ "deliver": ["genuine"] })).await;
    assert_eq!(sent["sent"][0]["status"], 200);
    assert_eq!(state(school, &learner, &order).await, "PAID");
}

#[tokio::test]
async fn orders_that_are_not_right_name_the_field() {
    let school = school();
    let (learner, order, _) = ordered(school).await;
    let course = school.course().await;
    let token = Some(learner.access_token.as_str());
    for (ask, status, reason, field) in [
        (json!({ "courseId": "x", "idempotencyKey": key() }), 400, "INVALID_IDENTIFIER", "course_id"),
        (json!({ "courseId": "", "idempotencyKey": key() }), 400, "INVALID_IDENTIFIER", "course_id"),
        (json!({ "courseId": key(), "idempotencyKey": key() }), 404, "NO_SUCH_COURSE", "course_id"),
        (json!({ "courseId": course.id }), 400, "INVALID_IDEMPOTENCY_KEY", "idempotency_key"),
        (json!({ "courseId": course.id, "idempotencyKey": "k".repeat(129) }), 400, "INVALID_IDEMPOTENCY_KEY", "idempotency_key"),
        (json!({ "courseId": course.id, "idempotencyKey": key(), "amountMinor": "1" }), 400, "BAD_REQUEST", "amountMinor"),
    ] {
        let refused = school.client.post("/v1/orders", token, ask.clone()).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str(), refused.field().as_str()), (status, reason, field), "{ask}");
    }
    for (query, field) in [("pageSize=101", "page_size"), ("pageToken=x", "page_token"), ("pageSize=-1", "page_size")] {
        let refused = school.client.get(&format!("/v1/orders?{query}"), token).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.field().as_str()), (400, field), "{query}");
    }
    let again = school.orders(&learner, &course).await;
    assert_eq!(again["orderId"], order["orderId"], "an open order is the order");
}

#[tokio::test]
async fn an_order_of_somebody_else_is_none_and_only_an_administrator_gives_money_back() {
    let school = school();
    let (learner, order, word) = ordered(school).await;
    let path = format!("/v1/orders/{}", order["orderId"].as_str().unwrap());
    let other = school.learner().await;
    let (foreign, unknown) = (
        school.client.get(&path, Some(&other.access_token)).await.unwrap().refused(),
        school.client.get(&format!("/v1/orders/{}", key()), Some(&other.access_token)).await.unwrap().refused(),
    );
    assert_eq!((foreign.status.as_u16(), foreign.reason()), (404, "NO_SUCH_ORDER".to_owned()));
    assert_eq!(foreign.json()["error"]["message"], unknown.json()["error"]["message"]);
    let listed = school.client.get("/v1/orders", Some(&other.access_token)).await.unwrap().ok();
    assert!(listed["orders"].as_array().is_none_or(Vec::is_empty));

    let refund = |reason: &str| json!({ "reason": reason, "idempotencyKey": key() });
    let (instructor, admin) = (school.staff("INSTRUCTOR").await, school.staff("ADMINISTRATOR").await);
    for token in [&learner.access_token, &other.access_token, &instructor.access_token] {
        let refused = school.client.post(&format!("{path}:refund"), Some(token), refund("WITHDRAWN")).await.unwrap().refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "WRONG_ROLE"));
    }
    let admin = admin.access_token;
    let ask = async |path: String, body: Value| school.client.post(&path, Some(&admin), body).await.unwrap();
    assert_eq!(ask(format!("{path}:refund"), refund("WITHDRAWN")).await.refused().reason(), "NOT_PAID");
    says(school, &word).await.ok();
    let refused = ask(format!("{path}:refund"), refund("REASON_UNSPECIFIED")).await.refused();
    assert_eq!((refused.reason().as_str(), refused.field().as_str()), ("NO_REASON", "reason"));
    assert_eq!(ask(format!("/v1/orders/{}:refund", key()), refund("WITHDRAWN")).await.refused().reason(), "NO_SUCH_ORDER");
    let course = school.course().await;
    let body = json!({ "courseId": course.id, "idempotencyKey": key() });
    let refused = school.client.post("/v1/orders", Some(&learner.access_token), body).await.unwrap().refused();
    assert_eq!(refused.reason(), "ALREADY_PAID");
    school.enrolment(&learner, &course).await;
}
