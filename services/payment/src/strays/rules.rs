//! What the partner's word of a payment without an order means: a pure decision.

use crate::{
    orders::rules::Mismatch,
    partner::protocol::{Report, Status},
};

/// How a stray payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum State {
    /// We have it and owe it back.
    Owed = 1,
    /// The partner has confirmed that it went back.
    Returned = 2,
    /// An order was erased before it was paid: the partner is to close its page.
    Open = 3,
    /// The partner has closed it unpaid.
    Cancelled = 4,
}

impl State {
    /// As the column has it.
    pub(crate) fn of(code: i32) -> Option<Self> {
        [Self::Owed, Self::Returned, Self::Open, Self::Cancelled].into_iter().find(|state| *state as i32 == code)
    }
}

/// What is known of the payment that the partner speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// Our name with the partner.
    pub merchant: &'a str,
    /// The stray payment's state, amount in minor units and currency, when it is one already.
    pub stray: Option<(State, i64, &'a str)>,
    /// Whether the books have or had it: its order was erased since.
    pub booked: bool,
    /// Whether it is the payment of an order that is here, under another identifier than the partner says.
    pub of_an_order: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// New money of nobody's: it goes back.
    Owe,
    /// It went back.
    Return,
    /// Its page is closed, and nothing was paid.
    Cancel,
    /// A repetition, or overtaken.
    Nothing,
}

/// Why a word is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Mismatch(Mismatch),
    /// It speaks of something that is not here and that no money came in for.
    OfNothing,
}

pub(crate) fn step(facts: &Facts<'_>, said: &Report) -> Result<Step, Refused> {
    if said.merchant != facts.merchant {
        return Err(Refused::Mismatch(Mismatch::Merchant));
    }
    if let Some((state, amount, currency)) = facts.stray {
        return match said.status {
            _ if said.currency != currency => Err(Refused::Mismatch(Mismatch::Currency)),
            _ if said.amount != amount => Err(Refused::Mismatch(Mismatch::Amount)),
            Status::Refunded if state == State::Owed => Ok(Step::Return),
            // Somebody was faster than the cancellation.
            Status::Paid if matches!(state, State::Open | State::Cancelled) => Ok(Step::Owe),
            Status::Declined | Status::Expired | Status::Refunded if state == State::Open => Ok(Step::Cancel),
            _ => Ok(Step::Nothing),
        };
    }
    match said.status {
        _ if facts.of_an_order => Err(Refused::OfNothing),
        Status::Paid if facts.booked => Ok(Step::Nothing),
        Status::Paid if said.amount <= 0 => Err(Refused::Mismatch(Mismatch::Amount)),
        Status::Paid if !is_currency(&said.currency) => Err(Refused::Mismatch(Mismatch::Currency)),
        Status::Paid => Ok(Step::Owe),
        _ => Err(Refused::OfNothing),
    }
}

/// The form of an ISO 4217 code.
fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts<'static> {
        Facts { merchant: "kolsai", stray: None, booked: false, of_an_order: false }
    }

    fn said(status: Status) -> Report {
        let order_id = foundation::uuid::Uuid::new_v4();
        Report { order_id, payment_id: "p-1".into(), status, amount: 100, currency: "KZT".into(), merchant: "kolsai".into() }
    }

    #[test]
    fn only_new_money_of_nobodys_is_owed() {
        assert_eq!(step(&facts(), &said(Status::Paid)), Ok(Step::Owe));
        assert_eq!(step(&Facts { booked: true, ..facts() }, &said(Status::Paid)), Ok(Step::Nothing), "a late word of booked money");
        assert_eq!(step(&Facts { of_an_order: true, ..facts() }, &said(Status::Paid)), Err(Refused::OfNothing));
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Paid) {
            assert_eq!(step(&facts(), &said(status)), Err(Refused::OfNothing), "{status:?}");
        }
    }

    #[test]
    fn what_is_owed_goes_back_once() {
        let owed = Facts { stray: Some((State::Owed, 100, "KZT")), ..facts() };
        let returned = Facts { stray: Some((State::Returned, 100, "KZT")), ..facts() };
        for status in Status::ALL {
            let expected = if status == Status::Refunded { Step::Return } else { Step::Nothing };
            assert_eq!(step(&owed, &said(status)), Ok(expected), "{status:?}");
            assert_eq!(step(&returned, &said(status)), Ok(Step::Nothing), "{status:?}");
        }
    }

    #[test]
    fn what_was_open_when_its_order_was_erased_is_closed_or_goes_back() {
        for status in Status::ALL {
            let expected = match status {
                Status::Paid => Step::Owe,
                Status::Declined | Status::Expired | Status::Refunded => Step::Cancel,
                Status::Pending | Status::Unknown => Step::Nothing,
            };
            assert_eq!(step(&Facts { stray: Some((State::Open, 100, "KZT")), ..facts() }, &said(status)), Ok(expected), "{status:?}");
            let expected = if status == Status::Paid { Step::Owe } else { Step::Nothing };
            assert_eq!(step(&Facts { stray: Some((State::Cancelled, 100, "KZT")), ..facts() }, &said(status)), Ok(expected), "{status:?}");
        }
    }

    #[test]
    fn a_contradiction_moves_no_money() {
        let owed = Facts { stray: Some((State::Owed, 100, "KZT")), ..facts() };
        for facts in [facts(), owed] {
            for (other, mismatch) in [
                (Report { merchant: "other".into(), ..said(Status::Paid) }, Mismatch::Merchant),
                (Report { amount: -100, ..said(Status::Paid) }, Mismatch::Amount),
                (Report { amount: 0, ..said(Status::Paid) }, Mismatch::Amount),
                (Report { currency: "tenge".into(), ..said(Status::Paid) }, Mismatch::Currency),
            ] {
                assert_eq!(step(&facts, &other), Err(Refused::Mismatch(mismatch)));
            }
        }
        assert_eq!(step(&owed, &Report { amount: 99, ..said(Status::Refunded) }), Err(Refused::Mismatch(Mismatch::Amount)));
    }
}
