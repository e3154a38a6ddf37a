//! Whatever happens to an order: read again under its person's lock, one step, and state, books, receipts and event in one
//! transaction.

use contract::{Purpose, payment::v1::refund_order_request::Reason};
use foundation::Timestamp;
use personal_data::{Idempotency, Tx, category, query};
use sha2::{Digest, Sha256};

use super::{
    Error, OrderId, Orders, asking, receipt,
    rows::{AlarmId, course_order, order_alarm},
    rules::{self, Facts, Input, Mismatch, Refused, State, Step},
};
use crate::{
    events::announce_order_in_tx,
    ledger::{self, rules::ReceiptKind},
    strays,
};

/// Something that happened, and what comes with it.
pub(crate) struct Taking<'a> {
    /// Names the transaction and so its failpoints.
    pub name: &'static str,
    pub input: Input,
    /// The partner's page.
    pub page: Option<String>,
    pub refund_reason: Reason,
    pub claim: Option<&'a Idempotency>,
}

impl Taking<'_> {
    pub(crate) fn of(name: &'static str, input: Input) -> Self {
        Self { name, input, page: None, refund_reason: Reason::Unspecified, claim: None }
    }
}

impl Orders {
    /// Takes it in. What is late or a repetition changes nothing and is no error; a contradiction is recorded and refused.
    pub(crate) async fn take(&self, id: OrderId, taking: Taking<'_>) -> Result<course_order::Model, Error> {
        let person = self.find(id).await?.ok_or(Error::NoSuchOrder)?.person_id;
        // The key before the transaction: nothing calls out while one is open.
        let page = match &taking.page {
            None => None,
            Some(page) => {
                let key = self.keys.of::<category::Payment>(person, Purpose::Payment).await?;
                course_order::Model::seal_payment_url(&key, id, page)
            }
        };
        let tx = self.db.begin_for(taking.name, person, Purpose::Payment).await?;
        let order = query::by_key::<course_order::Entity>(id, Purpose::Payment).one(&tx).await?;
        let mut order = order.ok_or(Error::NoSuchOrder)?;
        if let Some(claim) = taking.claim
            && tx.first_made(claim, id).await?.is_some()
        {
            return Ok(order);
        }
        let facts = Facts {
            state: order.standing()?,
            amount_minor: order.amount_minor,
            currency: &order.currency,
            merchant: &self.partner.merchant,
            payment: order.partner_payment.as_deref(),
        };
        match rules::step(&facts, &taking.input) {
            Ok(None) => {}
            Ok(Some(step)) => {
                order.payment_url = page.or(order.payment_url.take());
                if taking.input == Input::RefundAsked {
                    order.refund_reason = taking.refund_reason.into();
                }
                enter_in_tx(&tx, &mut order, &taking.input, step).await?;
            }
            Err(Refused::NotPaid) => return Err(Error::NotPaid),
            Err(Refused::Mismatch(mismatch)) => {
                alarm_in_tx(&tx, &order, mismatch).await?;
                tx.commit().await?;
                tracing::error!(alarm = "PAYMENT_CONTRADICTION", order = %id, %mismatch, "the partner's word contradicts an order; nothing was changed");
                return Err(Error::Mismatch(mismatch));
            }
        }
        tx.commit().await?;
        Ok(order)
    }
}

/// Writes the step: the order with its next version, the books, the receipts, the event.
async fn enter_in_tx(tx: &Tx, order: &mut course_order::Model, input: &Input, step: Step) -> Result<(), Error> {
    let now = tx.clock().now();
    order.state = step.state as i32;
    if let Input::Accepted { payment } | Input::Said(crate::partner::protocol::Report { payment_id: payment, .. }) = input {
        order.partner_payment.get_or_insert_with(|| payment.clone());
    }
    if !step.state.is_open() {
        // There is nothing to pay there any more.
        order.payment_url = None;
    }
    order.asked = 0;
    order.due_at = next_question(step.state, now);
    let receipts: Vec<(ReceiptKind, String)> = step.receipts.into_iter().map(|kind| (kind, receipt::new_number())).collect();
    for (kind, number) in &receipts {
        match kind {
            ReceiptKind::Payment => (order.receipt_number, order.paid_at) = (Some(number.clone()), Some(now)),
            ReceiptKind::Refund => order.refunded_at = Some(now),
        }
    }
    tx.update::<course_order::Entity>(order).await?;
    if !step.postings.is_empty() {
        ledger::post_in_tx(tx, order, step.state, &step.postings, now).await?;
    }
    for (kind, number) in &receipts {
        ledger::receipt_in_tx(tx, order, *kind, number, now).await?;
    }
    if receipts.iter().any(|(kind, _)| *kind == ReceiptKind::Payment)
        && let Some(payment) = &order.partner_payment
    {
        strays::rows::note_booked_in_tx(tx, payment).await?;
    }
    if let Some(what) = step.announces {
        announce_order_in_tx(tx, order, what).await?;
    }
    Ok(())
}

fn next_question(state: State, now: Timestamp) -> Option<Timestamp> {
    match state {
        // It has to be sent again.
        State::Created => Some(now),
        state => state.is_asked().then(|| now.plus(asking::wait(0))),
    }
}

/// One row per order and kind of contradiction, however often it is repeated.
async fn alarm_in_tx(tx: &Tx, order: &course_order::Model, mismatch: Mismatch) -> Result<(), Error> {
    let digest = Sha256::new().chain_update(order.id.0.as_bytes()).chain_update((mismatch as i32).to_be_bytes()).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    let row = order_alarm::Model {
        id: AlarmId(uuid::Builder::from_custom_bytes(id).into_uuid()),
        person_id: order.person_id,
        order_id: order.id,
        contradiction: mismatch as i32,
        first_at: tx.clock().now(),
    };
    tx.insert_once::<order_alarm::Entity>(row).await?;
    Ok(())
}
