//! The messages between us and the partner. Times are seconds since 1970, sums are in minor units; no message has a card in it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST /payments`: the same order again gets the same payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewPayment {
    pub order_id: Uuid,
    pub amount: i64,
    pub currency: String,
    pub merchant: String,
    /// Where the person goes afterwards.
    pub return_url: String,
    /// Where notifications go.
    pub notify_url: String,
}

/// The answer to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub payment_id: String,
    /// The page on which the person pays.
    pub payment_url: String,
}

/// `POST /payments/{order_id or payment_id}/refund`: the same payment again is refunded once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewRefund {
    pub amount: i64,
    pub currency: String,
}

/// How a payment stands: the answer to `GET /payments/{order_id}` and to a refund, and the heart of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub order_id: Uuid,
    pub payment_id: String,
    pub status: Status,
    pub amount: i64,
    pub currency: String,
    pub merchant: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Nobody has paid yet.
    Pending,
    /// The partner does not know yet itself.
    Unknown,
    Declined,
    Expired,
    /// Also while a refund is under way.
    Paid,
    Refunded,
}

impl Status {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [Self::Pending, Self::Unknown, Self::Declined, Self::Expired, Self::Paid, Self::Refunded];
}

/// What the partner posts to us.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notification {
    /// The same for every delivery of the same word.
    pub event_id: Uuid,
    pub payment: Report,
}

/// The longest identifier that a partner may give a payment.
const LONGEST_ID: usize = 64;
/// The longest address of its page.
const LONGEST_URL: usize = 2048;

impl Report {
    pub(crate) fn is_sound(&self) -> bool {
        is_id(&self.payment_id)
    }
}

impl Accepted {
    /// Whether the page is one that a person may be sent to.
    pub(crate) fn is_sound(&self, plain_http: bool) -> bool {
        let scheme = self.payment_url.starts_with("https://") || (plain_http && self.payment_url.starts_with("http://"));
        is_id(&self.payment_id) && scheme && self.payment_url.len() <= LONGEST_URL && self.payment_url.bytes().all(|b| b.is_ascii_graphic())
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
