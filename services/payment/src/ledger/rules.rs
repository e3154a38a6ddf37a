//! Which accounts a movement of money touches. Every movement sums to zero.

use crate::orders::rules::State;

/// An account of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub(crate) enum Account {
    /// What the payment partner has taken for us and owes us.
    PartnerReceivable = 1,
    CourseIncome = 2,
    /// What we owe to people whose refund is under way.
    RefundsPayable = 3,
    /// What came in for nobody whom we know, and is owed back.
    StraysPayable = 4,
}

impl Account {
    const ALL: [Self; 4] = [Self::PartnerReceivable, Self::CourseIncome, Self::RefundsPayable, Self::StraysPayable];

    /// As the column has it.
    pub(crate) fn of(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|account| *account as i32 == code)
    }
}

/// What the receipt is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum ReceiptKind {
    Payment = 1,
    Refund = 2,
}

/// One side of a booking, in minor units; one of the two is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub account: Account,
    pub debit_minor: i64,
    pub credit_minor: i64,
}

/// A movement of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Movement {
    Paid,
    RefundAsked,
    /// A refund that we asked for has gone out.
    RefundDone,
    /// The partner gave money back that we had not asked to be given back: a chargeback, or by hand at the partner's.
    RefundedUnasked,
    /// Money came in that no order stands behind.
    StrayCame,
    /// It went back.
    StrayWent,
}

/// Debits one account and credits another with the same sum.
pub(crate) fn postings(movement: Movement, amount_minor: i64) -> [Posting; 2] {
    let (debit, credit) = match movement {
        Movement::Paid => (Account::PartnerReceivable, Account::CourseIncome),
        Movement::RefundAsked => (Account::CourseIncome, Account::RefundsPayable),
        Movement::RefundDone => (Account::RefundsPayable, Account::PartnerReceivable),
        Movement::RefundedUnasked => (Account::CourseIncome, Account::PartnerReceivable),
        Movement::StrayCame => (Account::PartnerReceivable, Account::StraysPayable),
        Movement::StrayWent => (Account::StraysPayable, Account::PartnerReceivable),
    };
    [
        Posting { account: debit, debit_minor: amount_minor, credit_minor: 0 },
        Posting { account: credit, debit_minor: 0, credit_minor: amount_minor },
    ]
}

/// Whether debits equal credits, and no side is negative.
fn is_balanced(postings: &[Posting]) -> bool {
    let total = |side: fn(&Posting) -> i64| postings.iter().map(|posting| i128::from(side(posting))).sum::<i128>();
    total(|p| p.debit_minor) == total(|p| p.credit_minor) && postings.iter().all(|p| p.debit_minor >= 0 && p.credit_minor >= 0)
}

/// Debits less credits of an account.
fn balance(postings: &[Posting], account: Account) -> i128 {
    let of = postings.iter().filter(|posting| posting.account == account);
    of.map(|posting| i128::from(posting.debit_minor) - i128::from(posting.credit_minor)).sum()
}

/// Whether the books of one order balance and say what its state says.
pub(crate) fn agrees(booked: &[Posting], state: State, amount_minor: i64) -> bool {
    let sum = i128::from(amount_minor);
    let (receivable, income, payable) = match state {
        State::Paid => (sum, -sum, 0),
        State::RefundPending => (sum, 0, -sum),
        State::Created | State::Pending | State::Unknown | State::Failed | State::Expired | State::Refunded => (0, 0, 0),
    };
    is_balanced(booked)
        && balance(booked, Account::PartnerReceivable) == receivable
        && balance(booked, Account::CourseIncome) == income
        && balance(booked, Account::RefundsPayable) == payable
}

/// Whether the books of one stray payment balance and say what is owed.
pub(crate) fn agrees_with_stray(booked: &[Posting], owed_minor: i64) -> bool {
    let owed = i128::from(owed_minor);
    is_balanced(booked) && balance(booked, Account::PartnerReceivable) == owed && balance(booked, Account::StraysPayable) == -owed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_movement_balances() {
        for movement in [
            Movement::Paid,
            Movement::RefundAsked,
            Movement::RefundDone,
            Movement::RefundedUnasked,
            Movement::StrayCame,
            Movement::StrayWent,
        ] {
            assert!(is_balanced(&postings(movement, 4_500_000)));
            assert!(is_balanced(&postings(movement, i64::MAX)));
        }
        let one_sided = [Posting { account: Account::CourseIncome, debit_minor: 1, credit_minor: 0 }];
        assert!(!is_balanced(&one_sided));
    }

    #[test]
    fn a_stray_payment_is_owed_and_then_is_not() {
        let came = postings(Movement::StrayCame, 100).to_vec();
        let went = [came.clone(), postings(Movement::StrayWent, 100).to_vec()].concat();
        assert!(agrees_with_stray(&came, 100) && !agrees_with_stray(&came, 0));
        assert!(agrees_with_stray(&went, 0) && !agrees_with_stray(&went, 100));
    }

    proptest! {
        #[test]
        fn both_ways_of_a_refund_end_at_zero(amount in 1_i64..=1_000_000_000) {
            for way in [vec![Movement::Paid, Movement::RefundAsked, Movement::RefundDone], vec![Movement::Paid, Movement::RefundedUnasked]] {
                let all: Vec<Posting> = way.into_iter().flat_map(|movement| postings(movement, amount)).collect();
                prop_assert!(agrees(&all, State::Refunded, amount));
                prop_assert!(agrees(&all[..2], State::Paid, amount));
                prop_assert!(!agrees(&all, State::Paid, amount));
            }
        }
    }
}
