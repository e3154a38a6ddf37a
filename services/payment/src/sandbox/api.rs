//! What the merchant may ask: signed, or not answered.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Shared, State, delivery, store::Payment};
use crate::partner::{
    protocol::{Accepted, NewPayment, NewRefund, Status},
    signature::{MERCHANT_HEADER, MERCHANT_NAME, verify},
};

/// `POST /payments`.
pub(super) async fn create(shared: State, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if !is_the_merchant(&shared, &Method::POST, &uri, &headers, &body) {
        return error(StatusCode::UNAUTHORIZED, "not signed by the merchant");
    }
    let Ok(order) = serde_json::from_slice::<NewPayment>(&body) else { return error(StatusCode::BAD_REQUEST, "not a payment") };
    if order.amount <= 0 || order.currency.len() != 3 || order.merchant != shared.config.merchant {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "no such merchant, or no such sum");
    }
    match shared.change(|payments| payments.take(order)) {
        None => error(StatusCode::CONFLICT, "the order is known with another sum"),
        Some(payment) => {
            let payment_url = format!("{}/pay/{}", shared.url, payment.id);
            json(StatusCode::CREATED, &Accepted { payment_id: payment.id.to_string(), payment_url })
        }
    }
}

/// `GET /payments/{order}`.
pub(super) async fn report(shared: State, Path(order): Path<Uuid>, uri: Uri, headers: HeaderMap) -> Response {
    if !is_the_merchant(&shared, &Method::GET, &uri, &headers, b"") {
        return error(StatusCode::UNAUTHORIZED, "not signed by the merchant");
    }
    match shared.payments().of_order(order) {
        Some(payment) => json(StatusCode::OK, &payment.report()),
        None => error(StatusCode::NOT_FOUND, "no such payment"),
    }
}

/// `POST /payments/{id}/refund`, by the order or by the payment: the money goes back at once, the word of it comes as a notification.
pub(super) async fn refund(shared: State, Path(id): Path<Uuid>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if !is_the_merchant(&shared, &Method::POST, &uri, &headers, &body) {
        return error(StatusCode::UNAUTHORIZED, "not signed by the merchant");
    }
    let Ok(ask) = serde_json::from_slice::<NewRefund>(&body) else { return error(StatusCode::BAD_REQUEST, "not a refund") };
    let known = shared.payments().find(id).map(|payment| (payment.order.amount, payment.order.currency.clone(), payment.report()));
    let Some((amount, currency, before)) = known else { return error(StatusCode::NOT_FOUND, "no such payment") };
    if (ask.amount, &ask.currency) != (amount, &currency) {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "refunds are in full");
    }
    let refunded = shared.change(|payments| payments.refund(id));
    match refunded {
        None => error(StatusCode::CONFLICT, "not paid"),
        Some((payment, true)) => {
            delivery::announce(&shared.0, &payment);
            // As before: a merchant must not count on being told at once.
            json(StatusCode::ACCEPTED, &before)
        }
        Some((payment, false)) => json(StatusCode::OK, &payment.report()),
    }
}

/// `POST /payments/{id}/cancel`, by the order or by the payment: what nobody has paid cannot be paid any more. What has an outcome
/// keeps it.
pub(super) async fn cancel(shared: State, Path(id): Path<Uuid>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if !is_the_merchant(&shared, &Method::POST, &uri, &headers, &body) {
        return error(StatusCode::UNAUTHORIZED, "not signed by the merchant");
    }
    let stands = shared.change(|payments| {
        payments.pay(id, Status::Expired);
        payments.find(id).map(Payment::report)
    });
    match stands {
        Some(report) => json(StatusCode::OK, &report),
        None => error(StatusCode::NOT_FOUND, "no such payment"),
    }
}

fn is_the_merchant(shared: &Arc<Shared>, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts = [method.as_str().as_bytes(), uri.path().as_bytes(), body];
    text(MERCHANT_NAME) == shared.config.merchant
        && verify(&shared.config.merchant_key, shared.config.clock.now(), text(MERCHANT_HEADER), &parts).is_ok()
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) fn error(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "error": message }))
}
