//! Money of nobody's against the real sandbox: it goes back once, and nothing else does.

use contract::Purpose;
use egress::{Call, register::rows::transfer};
use foundation::{PersonId, uuid::Uuid};
use personal_data::query;
use serde_json::json;

use super::{rows::stray_transfer, *};
use crate::{
    orders::{OrderId, rules::Mismatch},
    partner::{Placed, Placing, protocol::Status},
    testing::{Bench, SUM, benches, control},
};

impl Bench {
    /// A payment at the sandbox of an order that is not here, paid: the partner's word of it.
    async fn paid_for_nobody(&self) -> Report {
        let placing = placing(OrderId::new_v4());
        let Placed::Accepted(accepted) = self.partner.place(placing).await else { panic!("the sandbox takes it") };
        control(&self.sandbox, &accepted.payment_id, json!({ "deliver": [], "outcome": "paid" })).await;
        let Asked::Said(paid) = self.partner.ask(placing).await else { panic!("the sandbox has it") };
        assert_eq!(paid.status, Status::Paid);
        paid
    }

    async fn at_the_partner(&self, order: Uuid) -> Status {
        let Asked::Said(report) = self.partner.ask(placing(OrderId(order))).await else { panic!("the sandbox has it") };
        report.status
    }

    async fn strays(&self) -> Vec<stray_payment::Model> {
        query::anonymous::<stray_payment::Entity>().all(&self.db).await.unwrap()
    }

    async fn round(&self) -> usize {
        self.strays.refund_due(&CancellationToken::new()).await.unwrap()
    }

    async fn erased(&self, person: PersonId) {
        let tx = self.db.begin("test.erase").await.unwrap();
        crate::holds().erase_in_tx(&tx, person, &[]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn placing(order: OrderId) -> Placing<'static> {
    Placing { order, person: PersonId::new_v4(), amount_minor: SUM, currency: "KZT" }
}

fn state(stray: &stray_payment::Model) -> (State, Option<foundation::Timestamp>) {
    (stray.standing().unwrap(), stray.due_at)
}

#[tokio::test]
async fn money_of_nobodys_goes_back_once() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        for _ in 0..3 {
            bench.strays.take(&paid).await.unwrap();
        }
        assert_eq!(bench.strays().await.len(), 1, "however often the partner tells of it");
        assert_eq!(bench.round().await, 1);
        let stray = bench.strays().await.remove(0);
        assert_eq!((state(&stray).0, stray.attempts), (State::Owed, 1), "the sandbox tells of it later");
        assert_eq!(bench.at_the_partner(paid.order_id).await, Status::Refunded);
        assert_eq!(bench.round().await, 0, "nobody asks twice at once");
        bench.clock.advance(wait(0));
        assert_eq!(bench.round().await, 1);
        assert_eq!(state(&bench.strays().await[0]), (State::Returned, None));
        bench.strays.take(&paid).await.unwrap();
        bench.clock.advance(std::time::Duration::from_secs(86_400));
        assert_eq!(bench.round().await, 0, "what went back is not asked for again");
    }
}

#[tokio::test]
async fn the_partners_word_of_the_refund_ends_it() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        bench.strays.take(&paid).await.unwrap();
        bench.round().await;
        bench.strays.take(&Report { status: Status::Refunded, ..paid }).await.unwrap();
        assert_eq!(state(&bench.strays().await[0]), (State::Returned, None));
    }
}

#[tokio::test]
async fn many_at_once_owe_it_once() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        let tasks = (0..16).map(|_| {
            let (strays, paid) = (bench.strays.clone(), paid.clone());
            tokio::spawn(async move { strays.take(&paid).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        assert_eq!(bench.strays().await.len(), 1);
    }
}

#[tokio::test]
async fn it_is_asked_for_while_the_partner_is_away() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        bench.strays.take(&paid).await.unwrap();
        bench.sandbox.stop().await;
        for attempts in 1..=3 {
            assert_eq!(bench.round().await, 1);
            let stray = bench.strays().await.remove(0);
            assert_eq!((state(&stray).0, stray.attempts), (State::Owed, attempts));
            bench.clock.advance(wait(attempts));
        }
    }
}

/// An order that was paid, and whose person is erased since, keeps its money: what is late is not new.
#[tokio::test]
async fn a_late_word_of_booked_money_gives_nothing_back() {
    for bench in benches().await {
        let person = PersonId::new_v4();
        let order = bench.orders.opened(person).await;
        let placed = Placing { order, person, amount_minor: SUM, currency: "KZT" };
        let Placed::Accepted(accepted) = bench.partner.place(placed).await else { panic!("the sandbox takes it") };
        control(&bench.sandbox, &accepted.payment_id, json!({ "deliver": [], "outcome": "paid" })).await;
        let Asked::Said(paid) = bench.partner.ask(placed).await else { panic!("the sandbox has it") };
        bench.orders.notified(order, paid.clone()).await.unwrap();
        // The same payment under another order's identifier is no stray either.
        assert!(matches!(bench.strays.take(&paid).await, Err(Error::NoSuchOrder)));
        bench.erased(person).await;
        assert!(bench.orders.find(order).await.unwrap().is_none());
        bench.strays.take(&paid).await.unwrap();
        assert!(bench.strays().await.is_empty());
    }
}

/// The order is erased while its payment is open, and the person pays all the same.
#[tokio::test]
async fn what_is_paid_after_an_erasure_goes_back() {
    for bench in benches().await {
        let person = PersonId::new_v4();
        let order = bench.orders.opened(person).await;
        let placed = Placing { order, person, amount_minor: SUM, currency: "KZT" };
        let Placed::Accepted(accepted) = bench.partner.place(placed).await else { panic!("the sandbox takes it") };
        bench.erased(person).await;
        control(&bench.sandbox, &accepted.payment_id, json!({ "deliver": [], "outcome": "paid" })).await;
        let said = Report {
            order_id: order.0,
            payment_id: accepted.payment_id,
            status: Status::Paid,
            amount: SUM,
            currency: "KZT".into(),
            merchant: "kolsai".into(),
        };
        bench.strays.take(&said).await.unwrap();
        bench.round().await;
        bench.clock.advance(wait(0));
        bench.round().await;
        assert_eq!(state(&bench.strays().await[0]), (State::Returned, None));
        assert_eq!(bench.at_the_partner(order.0).await, Status::Refunded);
        // What left about the person was erased with them, and the refund names nobody.
        let transfers = query::across::<transfer::Entity>(Purpose::Rights).all(&bench.db).await.unwrap();
        assert!(transfers.iter().all(|transfer| transfer.person != person));
    }
}

/// The order is erased while its payment is open: nobody can pay it any more.
#[tokio::test]
async fn the_page_of_an_erased_order_is_closed_at_the_partner() {
    for bench in benches().await {
        let person = PersonId::new_v4();
        let order = bench.orders.opened(person).await;
        let placed = Placing { order, person, amount_minor: SUM, currency: "KZT" };
        let Placed::Accepted(accepted) = bench.partner.place(placed).await else { panic!("the sandbox takes it") };
        let Asked::Said(waiting) = bench.partner.ask(placed).await else { panic!("the sandbox has it") };
        bench.orders.notified(order, waiting).await.unwrap();
        let holds = crate::holds().with_objects("payments-at-the-partner", std::sync::Arc::new(OpenPayments(bench.db.clone())));
        for _ in 0..2 {
            holds.remove_objects(&bench.db, person).await.unwrap();
        }
        bench.erased(person).await;
        assert_eq!(bench.round().await, 1);
        assert_eq!(bench.at_the_partner(order.0).await, Status::Expired);
        assert_eq!(state(&bench.strays().await[0]), (State::Cancelled, None));
        let registered = query::anonymous::<stray_transfer::Entity>().all(&bench.db).await.unwrap();
        assert_eq!(registered.iter().map(|it| it.classes.as_str()).collect::<Vec<_>>(), ["ID"], "the cancellation is in the register");
        // Paid in the moment before: then it goes back, and both are in the books.
        let paid = Report {
            order_id: order.0,
            payment_id: accepted.payment_id,
            status: Status::Paid,
            amount: SUM,
            currency: "KZT".into(),
            merchant: "kolsai".into(),
        };
        bench.strays.take(&paid).await.unwrap();
        assert_eq!(state(&bench.strays().await[0]).0, State::Owed);
    }
}

/// What came in for nobody and went back is in the books and in the register, once.
#[tokio::test]
async fn a_stray_payment_is_booked_and_its_refund_registered() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        bench.strays.take(&paid).await.unwrap();
        let entries = async || query::anonymous::<stray_entry::Entity>().all(&bench.db).await.unwrap();
        assert_eq!(entries().await.len(), 2);
        for _ in 0..2 {
            bench.round().await;
            bench.clock.advance(wait(1));
        }
        let booked = entries().await;
        let sum = |side: fn(&stray_entry::Model) -> i64| booked.iter().map(side).sum::<i64>();
        assert_eq!((booked.len(), sum(|e| e.debit_minor), sum(|e| e.credit_minor)), (4, 2 * SUM, 2 * SUM));
        let registered = query::anonymous::<stray_transfer::Entity>().all(&bench.db).await.unwrap();
        assert_eq!(registered.len(), 1, "however often it was tried");
        assert_eq!((registered[0].stray, registered[0].classes.as_str()), (PaymentKey::of(&paid.payment_id), "ID,PAYMENT"));
    }
}

/// That a payment was booked is known for three years, and then no longer.
#[tokio::test]
async fn what_was_booked_is_forgotten_in_its_time() {
    for bench in benches().await {
        let tx = bench.db.begin("test.book").await.unwrap();
        rows::note_booked_in_tx(&tx, "p-1").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rows::forget_booked(&bench.db).await.unwrap(), 0);
        bench.clock.advance(Duration::from_secs(3 * 367 * 24 * 3600));
        assert_eq!(rows::forget_booked(&bench.db).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn what_is_not_money_of_ours_is_refused() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        let other = Report { merchant: "other".into(), ..paid.clone() };
        assert!(matches!(bench.strays.take(&other).await, Err(Error::Mismatch(Mismatch::Merchant))));
        for status in [Status::Pending, Status::Declined, Status::Refunded] {
            assert!(matches!(bench.strays.take(&Report { status, ..paid.clone() }).await, Err(Error::NoSuchOrder)));
        }
        assert!(bench.strays().await.is_empty());
        bench.strays.take(&paid).await.unwrap();
        let more = Report { amount: SUM + 1, ..paid };
        assert!(matches!(bench.strays.take(&more).await, Err(Error::Mismatch(Mismatch::Amount))));
        assert_eq!(bench.strays().await[0].amount_minor, SUM);
    }
}

/// Nothing else leaves without a person, and no refund that is not in the table first.
#[tokio::test]
async fn the_register_lets_nothing_else_out() {
    for bench in benches().await {
        let paid = bench.paid_for_nobody().await;
        let call = |id| Call { id, path: "/payments", purpose: Purpose::Payment, classes: &[], subject: None, headers: &[] };
        assert!(matches!(bench.partner.http.get(call(Uuid::new_v4())).await, Err(egress::Error::Register(_))));
        let id = PaymentKey::of(&paid.payment_id).0;
        assert!(bench.partner.http.get(call(id)).await.is_err(), "not owed yet");
        bench.strays.take(&paid).await.unwrap();
        assert!(bench.partner.http.get(call(id)).await.is_err(), "no attempt is written yet");
    }
}
