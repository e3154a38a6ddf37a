//! The sandbox against the real client and a merchant that checks what it is sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, routing::post};
use foundation::{Clock, PersonId};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::tests::config,
    notifications::{genuine, rules::holds_card_number},
    orders::OrderId,
    partner::{
        Asked, Partner, Placed, Placing,
        protocol::{NewPayment, Status},
        signature::{MERCHANT_HEADER, MERCHANT_NAME, PARTNER_HEADER, sign},
    },
    testing::{Bench, SUM, benches, control, http, sandbox_config},
};

type Heard = Arc<Mutex<Vec<(StatusCode, Option<Status>)>>>;

/// A merchant that takes notifications as ours does.
async fn merchant(clock: &Clock) -> (String, Heard) {
    let (heard, clock) = (Heard::default(), clock.clone());
    let remembered = heard.clone();
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let signature = headers.get(PARTNER_HEADER).and_then(|value| value.to_str().ok());
        let (status, word) = match genuine(&config().notification_key, clock.now(), signature, &body) {
            Ok(notification) => (StatusCode::OK, Some(notification.payment.status)),
            Err(refusal) if refusal.reason.ends_with("SIGNATURE") => (StatusCode::UNAUTHORIZED, None),
            Err(_) => (StatusCode::BAD_REQUEST, None),
        };
        remembered.lock().unwrap().push((status, word));
        status
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/notify", post(take))).await });
    (format!("http://{address}/notify"), heard)
}

fn placing(order: OrderId) -> Placing<'static> {
    Placing { order, person: PersonId::new_v4(), amount_minor: SUM, currency: "KZT" }
}

/// A payment at the sandbox whose notifications go to the merchant: the path of its page.
async fn placed(bench: &Bench, order: OrderId, notify_url: &str) -> String {
    let partner = Partner { notify_url: notify_url.to_owned(), ..bench.partner.clone() };
    let Placed::Accepted(accepted) = partner.place(placing(order)).await else { panic!("the sandbox takes it") };
    let Placed::Accepted(again) = partner.place(placing(order)).await else { panic!("and takes it again") };
    assert_eq!(accepted.payment_id, again.payment_id);
    accepted.payment_url.strip_prefix(&bench.sandbox.url()).unwrap().to_owned()
}

async fn sqlite() -> Bench {
    benches().await.swap_remove(0)
}

async fn page(address: SocketAddr, path: &str, form: &str) -> (u16, String) {
    http(address, &format!("POST {path}"), "application/x-www-form-urlencoded", form).await
}

async fn until(heard: &Heard, count: usize) -> Vec<(StatusCode, Option<Status>)> {
    for _ in 0..500 {
        let now = heard.lock().unwrap().clone();
        if now.len() >= count {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the notification did not come: {:?}", heard.lock().unwrap());
}

#[tokio::test]
async fn a_person_pays_on_the_page_and_the_merchant_is_told() {
    let bench = sqlite().await;
    let (notify, heard) = merchant(&bench.clock).await;
    let order = OrderId::new_v4();
    let path = placed(&bench, order, &notify).await;
    let (status, form) = http(bench.sandbox.address, &format!("GET {path}"), "text/plain", "").await;
    assert_eq!(status, 200);
    assert!(form.contains("45000.00 KZT") && form.contains("card_number"), "{form}");
    assert!(!form.contains("action="), "the form goes back to the address that the page was opened at: {form}");

    let (status, _) = page(bench.sandbox.address, &path, "card_number=4111+1111+1111+1111&outcome=paid").await;
    assert_eq!(status, 422, "only test numbers are taken");
    let (status, answer) = page(bench.sandbox.address, &path, "card_number=4242+4242+4242+4242&outcome=paid").await;
    assert_eq!(status, 200);
    assert!(!answer.contains("4242"), "the number is not shown again");
    assert_eq!(until(&heard, 1).await, [(StatusCode::OK, Some(Status::Paid))]);
    let (status, _) = page(bench.sandbox.address, &path, "card_number=4242424242424242&outcome=declined").await;
    assert_eq!(status, 409, "nothing is paid twice");
    assert!(matches!(bench.partner.ask(placing(order)).await, Asked::Said(report) if report.status == Status::Paid));
}

#[tokio::test]
async fn every_way_in_which_a_notification_can_be_wrong() {
    let bench = sqlite().await;
    let (notify, heard) = merchant(&bench.clock).await;
    let order = OrderId::new_v4();
    placed(&bench, order, &notify).await;
    let ways = ["genuine", "double", "reordered", "forged", "stale", "other_amount", "other_currency", "other_merchant", "card_number"];
    let planned = control(&bench.sandbox, order, json!({ "deliver": ways })).await;
    assert_eq!(planned, json!({ "planned": ways }));
    let sent = control(&bench.sandbox, order, json!({ "outcome": "paid" })).await;
    let statuses: Vec<u64> = sent["sent"].as_array().unwrap().iter().map(|sent| sent["status"].as_u64().unwrap()).collect();
    // What contradicts the order is genuine here: comparing it is the order's business.
    assert_eq!(statuses, [200, 200, 200, 200, 200, 401, 401, 200, 200, 200, 400]);
    let words: Vec<_> = heard.lock().unwrap().iter().map(|(_, word)| *word).collect();
    assert_eq!(words[3..5], [Some(Status::Paid), Some(Status::Pending)], "the older word comes after the newer one");
}

#[tokio::test]
async fn what_is_held_back_comes_when_it_is_asked_for() {
    let bench = sqlite().await;
    let (notify, heard) = merchant(&bench.clock).await;
    let order = OrderId::new_v4();
    placed(&bench, order, &notify).await;
    let sent = control(&bench.sandbox, order, json!({ "deliver": ["late"], "outcome": "unknown" })).await;
    assert_eq!(sent, json!({ "sent": [{ "deliver": "late", "status": Value::Null }] }));
    assert!(heard.lock().unwrap().is_empty());
    let sent = control(&bench.sandbox, order, json!({ "deliver": ["held"] })).await;
    assert_eq!(sent, json!({ "sent": [{ "deliver": "held", "status": 200 }] }));
    assert_eq!(until(&heard, 1).await, [(StatusCode::OK, Some(Status::Unknown))]);
    let sent = control(&bench.sandbox, order, json!({ "deliver": ["genuine"], "outcome": "paid" })).await;
    assert_eq!(sent["sent"][0]["status"], 200, "what was unknown has its outcome now");
}

#[tokio::test]
async fn a_refund_is_told_of_later_and_done_once() {
    let bench = sqlite().await;
    let (notify, heard) = merchant(&bench.clock).await;
    let order = OrderId::new_v4();
    placed(&bench, order, &notify).await;
    control(&bench.sandbox, order, json!({ "deliver": ["genuine"], "outcome": "paid" })).await;
    assert!(matches!(bench.partner.refund(placing(order)).await, Asked::Said(report) if report.status == Status::Paid));
    assert!(matches!(bench.partner.refund(placing(order)).await, Asked::Said(report) if report.status == Status::Refunded));
    assert_eq!(until(&heard, 2).await.last(), Some(&(StatusCode::OK, Some(Status::Refunded))));
}

#[tokio::test]
async fn whoever_is_not_the_merchant_is_not_answered() {
    let bench = sqlite().await;
    let order = OrderId::new_v4();
    let forger = Partner { merchant_key: "another key that is as long as it must be".into(), ..bench.partner.clone() };
    assert!(matches!(forger.place(placing(order)).await, Placed::NotSent));
    assert!(matches!(forger.ask(placing(order)).await, Asked::Unanswered));
    assert!(matches!(bench.partner.ask(placing(order)).await, Asked::Missing));
    let other = Placing { currency: "TENGE", ..placing(order) };
    assert!(matches!(bench.partner.place(other).await, Placed::Rejected));
}

#[tokio::test]
async fn production_has_no_sandbox() {
    let clock = Clock::system(Mode::Production);
    let config = Config {
        listen: config().sandbox_listen,
        url: None,
        merchant: config().merchant,
        merchant_key: config().merchant_key,
        notification_key: config().notification_key,
        trusted_ca: None,
        clock,
        mode: Mode::Production,
    };
    assert!(matches!(serve(config).await, Err(SandboxError::Production)));
}

/// A restart of the process: the same file, another sandbox.
#[tokio::test]
async fn a_restart_loses_no_payment_and_no_card_is_kept() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system(Mode::Development));
    let (file, (notify, heard)) = (folder.path().join("sandbox-partner.json"), merchant(&clock).await);
    let run = || serve_kept(sandbox_config(&clock), file.clone());
    let bench = sqlite().await;
    let order = OrderId::new_v4();
    let new = NewPayment {
        order_id: order.0,
        amount: SUM,
        currency: "KZT".into(),
        merchant: config().merchant,
        return_url: "https://localhost:8443/v1/orders/".into(),
        notify_url: notify,
    };

    let sandbox = run().await.unwrap();
    let id = placed_at(&bench, &sandbox, &new).await;
    sandbox.stop().await;
    let sandbox = run().await.unwrap();
    let path = format!("/pay/{id}");
    let (status, form) = http(sandbox.address, &format!("GET {path}"), "text/plain", "").await;
    assert_eq!(status, 200, "the page is where it was");
    assert!(form.contains("card_number"), "{form}");
    assert_eq!(placed_at(&bench, &sandbox, &new).await, id, "the same order again is the same payment");
    let (status, _) = page(sandbox.address, &path, "card_number=4242+4242+4242+4242&outcome=paid").await;
    assert_eq!(status, 200);
    until(&heard, 1).await;
    sandbox.stop().await;

    let kept = std::fs::read(&file).unwrap();
    assert!(!holds_card_number(&kept) && !String::from_utf8(kept).unwrap().contains("42424242"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing unfinished lies about");

    let sandbox = run().await.unwrap();
    let told = control(&sandbox, order, json!({ "deliver": ["genuine"] })).await;
    assert_eq!(told["sent"][0]["status"], 200);
    assert_eq!(until(&heard, 2).await, [(StatusCode::OK, Some(Status::Paid)); 2], "what was paid stays paid");
    sandbox.stop().await;

    std::fs::write(&file, "not what was written").unwrap();
    assert!(matches!(run().await, Err(SandboxError::File(..))), "payments are not thrown away silently");
}

/// Places it as the merchant does: the payment's identifier.
async fn placed_at(bench: &Bench, sandbox: &Sandbox, new: &NewPayment) -> String {
    let body = serde_json::to_string(new).unwrap();
    let signature = sign(&config().merchant_key, bench.clock.now(), &[b"POST", b"/payments", body.as_bytes()]);
    let line = "POST /payments";
    let kind = format!("application/json\r\n{MERCHANT_NAME}: {}\r\n{MERCHANT_HEADER}: {signature}", config().merchant);
    let (status, answer) = http(sandbox.address, line, &kind, &body).await;
    assert_eq!(status, 201, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["payment_id"].as_str().unwrap().to_owned()
}
