//! What the partner tells of itself: taken only when it is signed, fresh, readable, free of card numbers, and of an order of ours.

pub(crate) mod rpc;
pub(crate) mod rules;

use foundation::{Clock, Refusal, Timestamp};
use service::Caller;

use crate::{
    Secret,
    orders::{Error, OrderId, Orders},
    partner::{
        protocol::Notification,
        signature::{Unsigned, verify},
    },
    strays::Strays,
};
use rules::{LARGEST, holds_card_number};

/// The use case.
#[derive(Clone)]
pub(crate) struct Notifications {
    pub orders: Orders,
    pub strays: Strays,
    pub key: Secret,
    pub clock: Clock,
}

impl Notifications {
    /// Takes a notification. Nothing of its body is logged or kept; `signature` is the header as it came.
    pub(crate) async fn take(&self, caller: &Caller, signature: Option<&str>, body: &[u8]) -> Result<(), Error> {
        let payment = genuine(&self.key, self.clock.now(), signature, body)?.payment;
        let order = OrderId(payment.order_id);
        match self.orders.find(order).await? {
            None => caller.acts_on_nobody(),
            Some(owner) => {
                caller.acts_on(owner.person_id).await?;
                match self.orders.notified(order, payment.clone()).await {
                    // Erased between the two looks: what came in is nobody's now.
                    Err(Error::NoSuchOrder | Error::Data(personal_data::Error::Erased)) => {}
                    taken => return taken,
                }
            }
        }
        self.strays.take(&payment).await
    }
}

/// Fails closed: what is not proven is not read.
pub(crate) fn genuine(key: &Secret, now: Timestamp, signature: Option<&str>, body: &[u8]) -> Result<Notification, Refusal> {
    if body.len() > LARGEST {
        return Err(Refusal::invalid("TOO_LARGE", "data", "a notification is at most 64 KiB"));
    }
    if holds_card_number(body) && !foundation::sabotage::breaks("P05") {
        tracing::error!(alarm = "CARD_NUMBER", "a notification with a card number was refused unread");
        return Err(Refusal::invalid("CARD_NUMBER", "data", "card numbers stay with the payment partner; send the notification without"));
    }
    verify(key, now, signature.unwrap_or_default(), &[body]).map_err(|unsigned| {
        tracing::warn!(alarm = "PARTNER_SIGNATURE", %unsigned, "a notification was refused unread");
        let reason = match unsigned {
            Unsigned::Stale => "STALE_SIGNATURE",
            Unsigned::Unreadable | Unsigned::Wrong => "WRONG_SIGNATURE",
        };
        Refusal::unauthenticated(reason, "sign `<t>.<body>` with the agreed key, at the time of sending")
    })?;
    let read: Option<Notification> = serde_json::from_slice(body).ok();
    read.filter(|notification| notification.payment.is_sound())
        .ok_or_else(|| Refusal::invalid("UNREADABLE", "data", "this is not a notification as it was agreed on"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::partner::signature::sign;

    const NOW: Timestamp = Timestamp::from_micros(1_766_000_000_000_000);

    fn key() -> Secret {
        "a key that both sides have agreed on".into()
    }

    fn body() -> serde_json::Value {
        let payment = json!({
            "order_id": "7d3f0e0a-3a0c-4b5e-9a52-0a3c1b2d4e5f",
            "payment_id": "p-1",
            "status": "paid",
            "amount": 4_500_000,
            "currency": "KZT",
            "merchant": "kolsai",
        });
        json!({ "event_id": "0b9f3c5e-2f64-4c0e-8f4b-5d1c8f0a7b21", "payment": payment })
    }

    fn reason(body: &[u8], header: Option<&str>, now: Timestamp) -> Option<&'static str> {
        genuine(&key(), now, header, body).err().map(|refusal| refusal.reason)
    }

    #[test]
    fn only_a_signed_fresh_and_readable_notification_is_taken() {
        let genuine = body().to_string().into_bytes();
        let header = sign(&key(), NOW, &[&genuine]);
        assert_eq!(reason(&genuine, Some(&header), NOW), None);
        assert_eq!(reason(&genuine, None, NOW), Some("WRONG_SIGNATURE"));
        let forged = sign(&"somebody else's key, as long as ours".into(), NOW, &[&genuine]);
        assert_eq!(reason(&genuine, Some(&forged), NOW), Some("WRONG_SIGNATURE"));
        assert_eq!(reason(&genuine, Some(&header), NOW.plus(std::time::Duration::from_secs(301))), Some("STALE_SIGNATURE"));
        for unreadable in ["", "{}", "[1]", "not json"] {
            let header = sign(&key(), NOW, &[unreadable.as_bytes()]);
            assert_eq!(reason(unreadable.as_bytes(), Some(&header), NOW), Some("UNREADABLE"), "{unreadable}");
        }
    }

    /// P05: even the partner's own signature does not let a card number in, and the refusal does not repeat it.
    #[test]
    fn a_card_number_is_refused_before_anything_is_read() {
        let mut with_card = body();
        with_card["payment"]["card"] = json!("4242 4242 4242 4242");
        let bytes = with_card.to_string().into_bytes();
        let header = sign(&key(), NOW, &[&bytes]);
        let refusal = genuine(&key(), NOW, Some(&header), &bytes).unwrap_err();
        assert_eq!(refusal.reason, "CARD_NUMBER");
        assert!(!format!("{refusal:?} {refusal}").contains("4242"));
        let large = vec![b' '; LARGEST + 1];
        assert_eq!(reason(&large, None, NOW), Some("TOO_LARGE"));
    }
}
