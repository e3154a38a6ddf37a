//! Our side of the conversation. Every call has a stable id, so that a repetition is none; nobody's name goes out.

use bytes::Bytes;
use contract::{Class, Purpose};
use egress::{Answer, Call};
use foundation::{Clock, PersonId};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    protocol::{Accepted, NewPayment, NewRefund, Report},
    signature::{MERCHANT_HEADER, MERCHANT_NAME, sign},
};
use crate::{
    Secret,
    notifications::rules::holds_card_number,
    orders::OrderId,
    strays::{register::CARRIED, rows::stray_payment},
};

/// The partner, reached through the one way out. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Partner {
    pub http: egress::Partner,
    pub merchant: String,
    pub merchant_key: Secret,
    pub clock: Clock,
    pub notify_url: String,
    /// The start of the address to which the person comes back; the order's identifier follows.
    pub return_url: String,
    /// Whether the page may be plain HTTP: the sandbox on loopback.
    pub plain_http: bool,
}

/// An order as the partner is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placing<'a> {
    pub order: OrderId,
    pub person: PersonId,
    pub amount_minor: i64,
    pub currency: &'a str,
}

/// What became of an order that was sent.
#[derive(Debug)]
pub(crate) enum Placed {
    Accepted(Accepted),
    /// Refused for good.
    Rejected,
    /// It did not leave, or the partner says that it did nothing: it may be sent again.
    NotSent,
    /// It may have arrived: only asking tells.
    Unanswered,
}

/// What the partner answered to a question.
#[derive(Debug)]
pub(crate) enum Asked {
    Said(Report),
    Missing,
    Unanswered,
}

impl Partner {
    /// `POST /payments`.
    pub(crate) async fn place(&self, placing: Placing<'_>) -> Placed {
        let body = NewPayment {
            order_id: placing.order.0,
            amount: placing.amount_minor,
            currency: placing.currency.to_owned(),
            merchant: self.merchant.clone(),
            return_url: format!("{}{}", self.return_url, placing.order),
            notify_url: self.notify_url.clone(),
        };
        match self.post("place", placing, "/payments", &body).await {
            Ok(answer) if answer.status.is_success() => match read::<Accepted>(&answer).filter(|it| it.is_sound(self.plain_http)) {
                Some(accepted) => Placed::Accepted(accepted),
                None => Placed::Unanswered,
            },
            Ok(answer) if is_refusal(answer.status) => {
                tracing::warn!(status = answer.status.as_u16(), "the payment partner refused an order");
                Placed::Rejected
            }
            Ok(answer) if answer.status.is_client_error() => {
                tracing::error!(
                    status = answer.status.as_u16(),
                    "the payment partner does not take our calls; see the settings of payment"
                );
                Placed::NotSent
            }
            Ok(_) | Err(egress::Error::NotAnswered { .. }) => Placed::Unanswered,
            Err(error) => {
                tracing::warn!(%error, "an order did not reach the payment partner");
                Placed::NotSent
            }
        }
    }

    /// `GET /payments/{order_id}`.
    pub(crate) async fn ask(&self, placing: Placing<'_>) -> Asked {
        let path = format!("/payments/{}", placing.order);
        let headers = self.signed(&Method::GET, &path, b"");
        let call = self.call("ask", placing, &path, &[Class::Id], &headers);
        heard(self.http.get(call).await)
    }

    /// `POST /payments/{order_id}/refund`, in full.
    pub(crate) async fn refund(&self, placing: Placing<'_>) -> Asked {
        let path = format!("/payments/{}/refund", placing.order);
        let body = NewRefund { amount: placing.amount_minor, currency: placing.currency.to_owned() };
        heard(self.post("refund", placing, &path, &body).await)
    }

    /// `POST /payments/{payment_id}/refund`, in full: what no order stands behind is named by the partner's own identifier.
    pub(crate) async fn refund_stray(&self, stray: &stray_payment::Model) -> Asked {
        let path = format!("/payments/{}/refund", stray.partner_payment);
        let body = NewRefund { amount: stray.amount_minor, currency: stray.currency.clone() };
        let body: Bytes = match serde_json::to_vec(&body) {
            Ok(body) => body.into(),
            Err(error) => return heard(Err(egress::Error::Json(error))),
        };
        let headers = self.signed(&Method::POST, &path, &body);
        let call = Call { id: stray.id.0, path: &path, purpose: Purpose::Payment, classes: CARRIED, subject: None, headers: &headers };
        heard(self.http.post(call, body).await)
    }

    /// `POST /payments/{payment_id}/cancel`: what nobody has paid, and whose order is gone.
    pub(crate) async fn cancel_stray(&self, stray: &stray_payment::Model) -> Asked {
        let path = format!("/payments/{}/cancel", stray.partner_payment);
        let headers = self.signed(&Method::POST, &path, b"");
        let id = stray.id.cancelling().0;
        let call = Call { id, path: &path, purpose: Purpose::Payment, classes: &[Class::Id], subject: None, headers: &headers };
        heard(self.http.post(call, Bytes::new()).await)
    }

    async fn post(&self, what: &str, placing: Placing<'_>, path: &str, body: &impl serde::Serialize) -> Result<Answer, egress::Error> {
        let body: Bytes = serde_json::to_vec(body).map_err(egress::Error::Json)?.into();
        let headers = self.signed(&Method::POST, path, &body);
        self.http.post(self.call(what, placing, path, &[Class::Id, Class::Payment], &headers), body).await
    }

    fn call<'a>(
        &self,
        what: &str,
        placing: Placing<'_>,
        path: &'a str,
        classes: &'a [Class],
        headers: &'a [(HeaderName, HeaderValue)],
    ) -> Call<'a> {
        let id = call_id(placing.order, what);
        Call { id, path, purpose: Purpose::Payment, classes, subject: Some(placing.person), headers }
    }

    /// Over method, path and body, so that a signature is good for one request only.
    fn signed(&self, method: &Method, path: &str, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
        let signature = sign(&self.merchant_key, self.clock.now(), &[method.as_str().as_bytes(), path.as_bytes(), body]);
        let pairs = [(MERCHANT_NAME, self.merchant.clone()), (MERCHANT_HEADER, signature)];
        let header = |(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?));
        pairs.into_iter().filter_map(header).collect()
    }
}

/// One identifier for (order, what is asked): the register's, and the partner's to know a repetition by.
fn call_id(order: OrderId, what: &str) -> Uuid {
    let digest = Sha256::new().chain_update(b"payment-partner").chain_update(order.0.as_bytes()).chain_update(what).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// What a refusal of the order itself looks like; others are about our access.
fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY)
}

fn heard(answer: Result<Answer, egress::Error>) -> Asked {
    match answer {
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => Asked::Missing,
        Ok(answer) if answer.status.is_success() => read::<Report>(&answer).filter(Report::is_sound).map_or(Asked::Unanswered, Asked::Said),
        Ok(answer) => {
            tracing::warn!(status = answer.status.as_u16(), "the payment partner did not answer a question");
            Asked::Unanswered
        }
        Err(error) => {
            tracing::warn!(%error, "the payment partner could not be asked");
            Asked::Unanswered
        }
    }
}

/// Reads an answer, unless it has a card number in it: that goes no further.
fn read<T: DeserializeOwned>(answer: &Answer) -> Option<T> {
    if holds_card_number(&answer.body) {
        tracing::error!(alarm = "CARD_NUMBER", "the payment partner sent a card number; its answer was dropped");
        return None;
    }
    answer
        .json()
        .inspect_err(|_| tracing::error!(alarm = "PARTNER_PROTOCOL", "the payment partner answered something else than was agreed"))
        .ok()
}
