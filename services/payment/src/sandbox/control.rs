//! For tests: what the merchant is to be sent, and what the bank is to have said.

use axum::{body::Bytes, extract::Path, response::Response};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    State,
    api::{error, json},
    delivery::{self, Delivery},
};
use crate::partner::protocol::Status;

/// `{"deliver": ["forged", "double"], "outcome": "paid"}`; both may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// In this order; an empty list delivers nothing, so that only asking tells.
    deliver: Option<Vec<Delivery>>,
    /// The outcome, in place of the page.
    outcome: Option<Status>,
}

/// `POST /control/{id}`, by the payment or by the merchant's order. Before there is an outcome the deliveries are remembered for
/// it; afterwards they are made at once, and the answer says which status each one met.
pub(super) async fn control(shared: State, Path(id): Path<Uuid>, body: Bytes) -> Response {
    let Ok(order) = serde_json::from_slice::<Order>(&body) else {
        return error(StatusCode::BAD_REQUEST, "send {\"deliver\": [...], \"outcome\": \"paid\"}");
    };
    let payment = shared.change(|payments| {
        let payment = payments.find_mut(id)?;
        if let Some(plan) = &order.deliver {
            payment.plan = plan.clone();
        }
        let id = payment.id;
        if let Some(outcome) = order.outcome {
            payments.settle(id, outcome);
        }
        payments.find(id).cloned()
    });
    let Some(payment) = payment else { return error(StatusCode::NOT_FOUND, "no such payment") };
    if payment.status == Status::Pending {
        return json(StatusCode::OK, &serde_json::json!({ "planned": payment.plan }));
    }
    let sent = delivery::deliver(&shared.0, &payment, false).await;
    json(StatusCode::OK, &serde_json::json!({ "sent": sent }))
}
