//! The hosted page: the one place where a card number is typed. It takes the published test numbers only, looks at them, and
//! keeps nothing.

use axum::{
    body::Bytes,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri, header};
use serde::Deserialize;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{State, delivery, store::Payment};
use crate::partner::protocol::Status;

/// Numbers that belong to nobody: whoever types another one has mistaken the sandbox for a bank.
const TEST_CARDS: [&str; 3] = ["4242424242424242", "5555555555554444", "4000000000000002"];

/// The form as a browser posts it; wiped when dropped.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Form {
    card_number: String,
    #[zeroize(skip)]
    outcome: Outcome,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Paid,
    Declined,
    Unknown,
}

/// `GET /pay/{id}`.
pub(super) async fn show(shared: State, Path(id): Path<Uuid>) -> Response {
    match shared.payments().find(id) {
        None => page(StatusCode::NOT_FOUND, "<p>There is no such payment.</p>"),
        Some(payment) if payment.is_waiting() => page(StatusCode::OK, &form(payment)),
        Some(payment) => page(StatusCode::OK, &done(payment)),
    }
}

/// `POST /pay/{id}`.
pub(super) async fn pay(shared: State, Path(id): Path<Uuid>, body: Bytes) -> Response {
    let Some(form) = read(&body) else { return page(StatusCode::BAD_REQUEST, "<p>The form is not filled in.</p>") };
    let mut card: String = form.card_number.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let known = TEST_CARDS.contains(&card.as_str());
    card.zeroize();
    if !known {
        return page(StatusCode::UNPROCESSABLE_ENTITY, "<p>Only the test card numbers are taken here. Never type a real one.</p>");
    }
    let status = match form.outcome {
        Outcome::Paid => Status::Paid,
        Outcome::Declined => Status::Declined,
        Outcome::Unknown => Status::Unknown,
    };
    let settled = shared.change(|payments| payments.pay(id, status));
    match settled {
        None => page(StatusCode::CONFLICT, "<p>There is no such payment, or it has its outcome already.</p>"),
        Some(payment) => {
            delivery::announce(&shared.0, &payment);
            page(StatusCode::OK, &done(&payment))
        }
    }
}

/// `application/x-www-form-urlencoded` is what a query is, too.
fn read(body: &[u8]) -> Option<Form> {
    let query = format!("/?{}", std::str::from_utf8(body).ok()?);
    let uri: Uri = query.parse().ok()?;
    Query::<Form>::try_from_uri(&uri).ok().map(|Query(form)| form)
}

fn form(payment: &Payment) -> String {
    format!(
        r#"<p>{}</p><form method="post" autocomplete="off">
<p><label>Test card <input name="card_number" inputmode="numeric" value="{}" required></label></p>
<p><label>Outcome <select name="outcome"><option>paid<option>declined<option>unknown</select></label></p>
<p><button>Pay</button></p></form>"#,
        sum(payment),
        TEST_CARDS[0],
    )
}

fn done(payment: &Payment) -> String {
    let word = match payment.status {
        Status::Pending => "waits for its payment",
        Status::Unknown => "is being looked into",
        Status::Declined => "was declined",
        Status::Expired => "has expired",
        Status::Paid => "is paid",
        Status::Refunded => "was given back",
    };
    format!(r#"<p>{} {word}.</p><p><a href="{}">Back to the school</a></p>"#, sum(payment), escaped(&payment.order.return_url))
}

fn sum(payment: &Payment) -> String {
    let minor = payment.order.amount;
    format!("{}.{:02} {}", minor / 100, minor % 100, escaped(&payment.order.currency))
}

fn page(status: StatusCode, content: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox payment</title><h1>Sandbox payment</h1>{content}</html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, html).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
