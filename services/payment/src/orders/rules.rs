//! The life of an order as a pure step: `(order, input) → what changes`. Whatever order and number the inputs come in, an order
//! is paid at most once, is never paid again after its refund, and its books balance.

use contract::payment::v1::order;

use crate::{
    ledger::rules::{Movement, Posting, ReceiptKind, postings},
    partner::protocol::{Report, Status},
};

/// How an order stands; the contract says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub(crate) enum State {
    Created = order::State::Created as i32,
    Pending = order::State::Pending as i32,
    Unknown = order::State::Unknown as i32,
    Paid = order::State::Paid as i32,
    Failed = order::State::Failed as i32,
    Expired = order::State::Expired as i32,
    RefundPending = order::State::RefundPending as i32,
    Refunded = order::State::Refunded as i32,
}

impl State {
    pub(crate) const ALL: [Self; 8] =
        [Self::Created, Self::Pending, Self::Unknown, Self::Paid, Self::Failed, Self::Expired, Self::RefundPending, Self::Refunded];

    /// As the column has it.
    pub(crate) fn of(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i32 == code)
    }

    /// Whether the order has no outcome yet.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Pending | Self::Unknown)
    }

    /// Whether the partner is to be asked until it has said how it ends.
    pub(crate) fn is_asked(self) -> bool {
        self.is_open() || self == Self::RefundPending
    }

    /// Whether money has come in and has not gone back.
    pub(crate) fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::RefundPending)
    }
}

/// What of an order a step looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub state: State,
    pub amount_minor: i64,
    pub currency: &'a str,
    /// Our name with the partner.
    pub merchant: &'a str,
    /// The partner's identifier, once it is known.
    pub payment: Option<&'a str>,
}

/// What can happen to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The partner took the order and has a page for it.
    Accepted { payment: String },
    /// The partner refused the order for good.
    Rejected,
    /// The order was sent, and no answer came: the partner may have it or not.
    Unanswered,
    /// The partner's own word, in a notification or when asked.
    Said(Report),
    /// The partner, when asked, knows no such payment.
    Missing,
    /// The time to pay is over, and the partner, when asked, had no payment.
    Aged,
    /// We give the money back.
    RefundAsked,
}

/// What an event says of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    Paid,
    Refunded,
}

/// A change of state and what is written with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub state: State,
    pub postings: Vec<Posting>,
    pub receipts: Vec<ReceiptKind>,
    pub announces: Option<Announcement>,
}

/// In what a word of the partner's contradicts the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(i32)]
pub(crate) enum Mismatch {
    #[error("another amount")]
    Amount = 1,
    #[error("another currency")]
    Currency = 2,
    #[error("another merchant")]
    Merchant = 3,
    #[error("another payment")]
    Payment = 4,
}

/// Why an input changes nothing and is not let pass quietly either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Mismatch(Mismatch),
    /// Only what is paid can be given back.
    NotPaid,
}

/// The step. `None`: nothing changes, because it is late, a repetition, or overtaken by something newer.
pub(crate) fn step(order: &Facts<'_>, input: &Input) -> Result<Option<Step>, Refused> {
    use State::{Created, Expired, Failed, Paid, Pending, RefundPending, Refunded, Unknown};
    compare(order, input).map_err(Refused::Mismatch)?;
    let next = match (input, order.state) {
        (Input::Accepted { .. }, Created | Unknown) => Pending,
        (Input::Rejected, Created) => Failed,
        (Input::Unanswered, Created) => Unknown,
        // It never arrived: it may be sent again. What was once accepted and is gone will not be paid any more.
        (Input::Missing, Unknown) if order.payment.is_none() => Created,
        (Input::Missing, Pending | Unknown) => Failed,
        (Input::Aged, Created | Pending) => Expired,
        (Input::RefundAsked, Paid) => RefundPending,
        (Input::RefundAsked, RefundPending | Refunded) => return Ok(None),
        (Input::RefundAsked, _) => return Err(Refused::NotPaid),
        (Input::Said(report), state) => match (report.status, state) {
            (Status::Pending, Created | Unknown) => Pending,
            (Status::Unknown, Created | Pending) => Unknown,
            (Status::Declined, Created | Pending | Unknown) => Failed,
            (Status::Expired, Created | Pending | Unknown) => Expired,
            // Money that came in late is money that came in: the person gets what they paid for.
            (Status::Paid, Created | Pending | Unknown | Failed | Expired) => Paid,
            (Status::Refunded, state) if state != Refunded => Refunded,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(entering(order, next)))
}

fn compare(order: &Facts<'_>, input: &Input) -> Result<(), Mismatch> {
    let payment = match input {
        Input::Accepted { payment } => payment,
        Input::Said(report) if report.merchant != order.merchant => return Err(Mismatch::Merchant),
        Input::Said(report) if report.currency != order.currency => return Err(Mismatch::Currency),
        Input::Said(report) if report.amount != order.amount_minor => return Err(Mismatch::Amount),
        Input::Said(report) => &report.payment_id,
        _ => return Ok(()),
    };
    if order.payment.is_some_and(|known| known != payment) { Err(Mismatch::Payment) } else { Ok(()) }
}

/// What is written when an order goes from its state to `next`.
fn entering(order: &Facts<'_>, next: State) -> Step {
    let (mut movements, mut receipts, mut announces) = (Vec::new(), Vec::new(), None);
    match next {
        State::Paid => {
            (movements, receipts, announces) = (vec![Movement::Paid], vec![ReceiptKind::Payment], Some(Announcement::Paid));
        }
        State::RefundPending => movements = vec![Movement::RefundAsked],
        State::Refunded => {
            // The word of the payment may have been overtaken by that of its refund: both are booked, access is never given.
            if !order.state.is_paid() {
                (movements, receipts) = (vec![Movement::Paid], vec![ReceiptKind::Payment]);
            }
            movements.push(if order.state == State::RefundPending { Movement::RefundDone } else { Movement::RefundedUnasked });
            receipts.push(ReceiptKind::Refund);
            announces = Some(Announcement::Refunded);
        }
        State::Created | State::Pending | State::Unknown | State::Failed | State::Expired => {}
    }
    let postings = movements.into_iter().flat_map(|movement| postings(movement, order.amount_minor)).collect();
    Step { state: next, postings, receipts, announces }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
