//! P05: what is kept of a payment, and the card number that nothing of ours ever sees.

use serde_json::{Value, json};
use testkit::{key, markers, partner, school};

/// Fields of an order, as the promise lists them: kind, sum, date, status, and what they are of.
const SHOWN: [&str; 11] =
    ["orderId", "courseId", "amountMinor", "currency", "state", "paymentUrl", "createdAt", "receiptNumber", "kind", "paidAt", "refundedAt"];

#[tokio::test]
async fn p05_record_is_kind_sum_date_and_status_of_each_transaction() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    let paid = school.enrols(&learner, &course).await;
    assert_eq!(
        (paid["kind"].as_str(), paid["amountMinor"].as_str(), paid["currency"].as_str()),
        (Some("COURSE"), Some(course.price_minor.as_str()), Some("KZT"))
    );
    assert!(paid["createdAt"].is_string() && paid["paidAt"].is_string() && paid["receiptNumber"].is_string(), "{paid}");
    assert!(paid["paymentUrl"].is_null(), "there is nothing to pay any more");

    let admin = school.staff("ADMINISTRATOR").await;
    let order = paid["orderId"].as_str().unwrap();
    let ask = json!({ "reason": "NOT_PROVIDED", "idempotencyKey": key() });
    school.client.post(&format!("/v1/orders/{order}:refund"), Some(&admin.access_token), ask).await.unwrap().ok();
    let refunded = school.order_is(&learner, order, "REFUNDED").await;
    assert!(refunded["refundedAt"].is_string(), "{refunded}");
    let listed = school.client.get("/v1/orders", Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(listed["orders"].as_array().map(Vec::len), Some(1), "{listed}");
    for field in [&paid, &refunded, &listed["orders"][0]].into_iter().flat_map(|order| order.as_object().unwrap().keys()) {
        assert!(SHOWN.contains(&field.as_str()), "{field} is not in the promise");
    }

    // Each movement of money has its record, and each balances.
    let copy = school.copy(&learner).await;
    let entries = copy.rows("payment", "ledger_entry");
    let sum = |column: &str| entries.iter().map(|entry| entry[column].as_i64().unwrap()).sum::<i64>();
    assert!(entries.len() >= 4 && sum("debit_minor") == sum("credit_minor"), "{entries:?}");
    let kinds: Vec<_> = copy.rows("payment", "tax_receipt").iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds.len(), 2, "a receipt for the payment, one for the refund: {kinds:?}");
}

#[tokio::test]
async fn p05_record_has_no_place_for_a_card() {
    let school = school();
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    for row in policy["held"].as_array().unwrap() {
        // Elsewhere a holder is a service that holds data.
        let of_payment: &[&str] = if row["service"] == "payment" { &["holder", "expiry"] } else { &[] };
        for column in row["columns"].as_array().unwrap().iter().map(|column| column.as_str().unwrap()) {
            let words = ["card", "cvv", "cvc"].iter().chain(of_payment);
            assert!(words.into_iter().all(|word| column.split(['_', ' ']).all(|part| part != *word)), "{column}");
        }
    }
    // Who sends one all the same is refused, and it is not repeated.
    let learner = school.learner().await;
    let course = school.course().await;
    for field in ["card_number", "cardNumber", "card"] {
        let ask = json!({ "courseId": course.id, "idempotencyKey": key(), field: partner::TEST_CARD });
        let refused = school.client.post("/v1/orders", Some(&learner.access_token), ask).await.unwrap().refused();
        assert_eq!(refused.status, 400, "{field}");
        assert!(!String::from_utf8_lossy(&refused.body).contains(partner::TEST_CARD));
    }
}

#[tokio::test]
async fn p05_card_number_reaches_no_disk_log_or_mail_of_ours() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    let cards = ["5555555555554444", "5555 5555 5555 4444", "5555-5555-5555-4444"];

    let order = school.orders(&learner, &course).await;
    let page = order["paymentUrl"].as_str().unwrap();
    // Even a partner that breaks its word and sends the number along.
    partner::control(school, page, json!({ "deliver": ["card_number", "genuine"] })).await;
    partner::pay(school, page, cards[1], "paid").await.ok_bytes();
    let paid = school.order_is(&learner, order["orderId"].as_str().unwrap(), "PAID").await;
    let sent = partner::control(school, page, json!({ "deliver": ["card_number"] })).await;
    assert_eq!(sent["sent"][0]["status"], 400, "a notification with a card number is refused: {sent}");
    // A declined card, written otherwise.
    let second = school.learner().await;
    let declined = school.orders(&second, &course).await;
    partner::pay(school, declined["paymentUrl"].as_str().unwrap(), cards[2], "declined").await.ok_bytes();
    school.order_is(&second, declined["orderId"].as_str().unwrap(), "FAILED").await;
    // And a number where none belongs: on its way into our own interface.
    for card in cards {
        let query = format!("/v1/orders?pageToken={}", card.replace(' ', "%20"));
        school.client.get(&query, Some(&learner.access_token)).await.unwrap().refused();
        let body = json!({ "courseId": card, "idempotencyKey": key() });
        school.client.post("/v1/orders", Some(&learner.access_token), body).await.unwrap().refused();
    }
    school
        .mail
        .find(&learner.email, "the mail about the payment", |mail| mail.contains("Subject: Your payment has arrived").then_some(()))
        .await;

    // The control: what is kept of the payment is found, so the scan sees the rows; what was logged of it, so it sees the log.
    let receipt = paid["receiptNumber"].as_str().unwrap().to_owned();
    assert!(markers::find(school, &[receipt]).await.iter().any(|place| place.contains("payment")));
    assert!(markers::find(school, &["a notification with a card number was refused unread".into()]).await.contains(&"log".to_owned()));
    assert_eq!(markers::find(school, &cards.map(str::to_owned)).await, Vec::<String>::new());
    let test_card = [partner::TEST_CARD, "4242 4242 4242 4242", "4242-4242-4242-4242"];
    assert_eq!(markers::find(school, &test_card.map(str::to_owned)).await, Vec::<String>::new());

    let copy = school.copy(&learner).await;
    let order: Value = copy.rows("payment", "course_order").remove(0);
    assert!(order["payment_url"].is_null(), "{order}");
    assert!(!cards.iter().any(|card| copy.text().contains(card)));
}
