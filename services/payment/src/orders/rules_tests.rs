use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::ledger::rules::agrees;

const SUM: i64 = 4_500_000;

/// An order as the database would have it, with everything that was ever written for it.
#[derive(Clone, Debug)]
struct World {
    state: State,
    payment: Option<String>,
    booked: Vec<Posting>,
    receipts: Vec<ReceiptKind>,
    announced: Vec<Announcement>,
    been: Vec<State>,
}

impl World {
    fn new() -> Self {
        Self {
            state: State::Created,
            payment: None,
            booked: Vec::new(),
            receipts: Vec::new(),
            announced: Vec::new(),
            been: vec![State::Created],
        }
    }

    fn feed(&mut self, input: &Input) -> Result<bool, Refused> {
        let facts = Facts { state: self.state, amount_minor: SUM, currency: "KZT", merchant: "kolsai", payment: self.payment.as_deref() };
        let step = step(&facts, input)?;
        if let Input::Accepted { payment } | Input::Said(Report { payment_id: payment, .. }) = input {
            self.payment.get_or_insert_with(|| payment.clone());
        }
        let Some(step) = step else { return Ok(false) };
        self.state = step.state;
        self.booked.extend(step.postings);
        self.receipts.extend(step.receipts);
        self.announced.extend(step.announces);
        self.been.push(step.state);
        Ok(true)
    }

    fn fed(inputs: &[Input]) -> Self {
        let mut world = Self::new();
        for input in inputs {
            let _ = world.feed(input);
        }
        world
    }

    fn keeps_its_promises(&self) {
        let times = |state| self.been.iter().filter(|been| **been == state).count();
        assert!(times(State::Paid) <= 1, "paid twice: {:?}", self.been);
        assert!(times(State::Refunded) <= 1, "refunded twice: {:?}", self.been);
        let refunded = self.been.iter().position(|state| *state == State::Refunded);
        assert!(refunded.is_none_or(|at| at == self.been.len() - 1), "something followed a refund: {:?}", self.been);
        let said = |what| self.announced.iter().filter(|announced| **announced == what).count();
        assert!(said(Announcement::Paid) <= 1 && said(Announcement::Refunded) <= 1, "announced twice: {:?}", self.announced);
        assert_eq!(said(Announcement::Paid), times(State::Paid));
        assert!(agrees(&self.booked, self.state, SUM), "the books do not say {:?}: {:?}", self.state, self.booked);
        let receipts = |kind| self.receipts.iter().filter(|receipt| **receipt == kind).count();
        let came_in = usize::from(self.state.is_paid() || self.state == State::Refunded);
        assert_eq!(receipts(ReceiptKind::Payment), came_in);
        assert_eq!(receipts(ReceiptKind::Refund), usize::from(self.state == State::Refunded));
    }
}

fn report(status: Status) -> Report {
    Report { order_id: uuid::Uuid::nil(), payment_id: "p-1".into(), status, amount: SUM, currency: "KZT".into(), merchant: "kolsai".into() }
}

fn said(status: Status) -> Input {
    Input::Said(report(status))
}

/// Everything that a poll, a notification, a refund, a timeout or a stranger can bring.
fn every_input() -> Vec<Input> {
    let mut all: Vec<Input> = Status::ALL.into_iter().map(said).collect();
    all.push(Input::Said(Report { amount: SUM - 1, ..report(Status::Paid) }));
    all.push(Input::Said(Report { currency: "USD".into(), ..report(Status::Paid) }));
    all.push(Input::Said(Report { merchant: "other".into(), ..report(Status::Refunded) }));
    all.push(Input::Said(Report { payment_id: "p-2".into(), ..report(Status::Paid) }));
    all.push(Input::Accepted { payment: "p-1".into() });
    all.extend([Input::Rejected, Input::Unanswered, Input::Missing, Input::Aged, Input::RefundAsked]);
    all
}

/// Every interleaving of every input, duplicates included, to this depth: about 800,000 histories.
#[test]
fn every_history_keeps_the_promises() {
    fn deeper(world: &World, inputs: &[Input], depth: usize) -> usize {
        world.keeps_its_promises();
        if depth == 0 {
            return 1;
        }
        let next = |input| {
            let mut world = world.clone();
            let _ = world.feed(input);
            deeper(&world, inputs, depth - 1)
        };
        inputs.iter().map(next).sum()
    }
    let inputs = every_input();
    assert_eq!(deeper(&World::new(), &inputs, 5), inputs.len().pow(5));
}

/// All states can be reached: nothing above is true for want of trying.
#[test]
fn every_state_is_reached() {
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![World::new()]);
    while let Some(world) = ahead.pop() {
        if !seen.insert(world.state) {
            continue;
        }
        for input in every_input() {
            let mut world = world.clone();
            let _ = world.feed(&input);
            ahead.push(world);
        }
    }
    assert_eq!(seen.len(), State::ALL.len());
}

#[test]
fn what_contradicts_the_order_changes_nothing_and_is_told_apart() {
    let contradictions = [
        (Report { amount: SUM + 1, ..report(Status::Paid) }, Mismatch::Amount),
        (Report { currency: "USD".into(), ..report(Status::Paid) }, Mismatch::Currency),
        (Report { merchant: "other".into(), ..report(Status::Paid) }, Mismatch::Merchant),
        (Report { payment_id: "p-2".into(), ..report(Status::Paid) }, Mismatch::Payment),
    ];
    for before in [vec![said(Status::Pending)], vec![said(Status::Paid)], vec![said(Status::Paid), said(Status::Refunded)]] {
        for (contradiction, expected) in &contradictions {
            let mut world = World::fed(&before);
            let state = world.state;
            assert_eq!(world.feed(&Input::Said(contradiction.clone())), Err(Refused::Mismatch(*expected)));
            assert_eq!(world.state, state);
        }
    }
}

#[test]
fn only_what_is_paid_is_given_back() {
    for open in [vec![], vec![said(Status::Pending)], vec![said(Status::Declined)], vec![said(Status::Expired)]] {
        assert_eq!(World::fed(&open).feed(&Input::RefundAsked), Err(Refused::NotPaid));
    }
    let mut paid = World::fed(&[said(Status::Paid)]);
    assert_eq!(paid.feed(&Input::RefundAsked), Ok(true));
    assert_eq!(paid.feed(&Input::RefundAsked), Ok(false));
    assert_eq!(paid.feed(&said(Status::Paid)), Ok(false), "the partner has not done it yet");
    assert_eq!(paid.feed(&said(Status::Refunded)), Ok(true));
    assert_eq!(paid.feed(&said(Status::Paid)), Ok(false), "an old word after a refund");
}

#[test]
fn late_money_is_taken() {
    for before in [said(Status::Expired), said(Status::Declined), Input::Rejected, Input::Aged] {
        assert_eq!(World::fed(&[before, said(Status::Paid)]).state, State::Paid);
    }
}

#[test]
fn an_order_that_never_arrived_is_sent_again_and_one_that_is_gone_is_not() {
    assert_eq!(World::fed(&[Input::Unanswered, Input::Missing]).state, State::Created);
    assert_eq!(World::fed(&[said(Status::Pending), said(Status::Unknown), Input::Missing]).state, State::Failed);
    assert_eq!(World::fed(&[Input::Unanswered, Input::Aged]).state, State::Unknown, "what is not known does not expire");
}

proptest! {
    #[test]
    fn long_histories_keep_the_promises(inputs in vec(select(every_input()), 0..80)) {
        let mut world = World::new();
        for input in &inputs {
            let _ = world.feed(input);
            world.keeps_its_promises();
        }
    }

    /// However the words of one payment are doubled and mixed, the last true one stands.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        refunded in any::<bool>(),
        mixed in vec(select(vec![Status::Pending, Status::Unknown, Status::Declined, Status::Paid]), 0..12),
        at in any::<proptest::sample::Index>(),
        doubled in any::<bool>(),
    ) {
        let last = if refunded { Status::Refunded } else { Status::Paid };
        let mut words = mixed;
        words.insert(at.index(words.len() + 1), last);
        if doubled {
            words.push(last);
        }
        let world = World::fed(&words.into_iter().map(said).collect::<Vec<_>>());
        prop_assert_eq!(world.state, if refunded { State::Refunded } else { State::Paid });
    }
}
