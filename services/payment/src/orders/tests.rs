//! Orders over a real database: what the rules decide is what is written, once, whoever comes when.

use std::time::Duration;

use contract::payment::v1 as pb;
use events::outbox::event;
use foundation::PersonId;
use personal_data::{
    person_state::{self, State as PersonState},
    query,
};
use prost::Message;
use serde_json::json;
use service::CancellationToken;

use super::*;
use crate::{
    ledger::rows::{ledger_entry, tax_receipt},
    orders::rows::order_alarm,
    partner::{Asked, protocol::Status},
    testing::{Bench, SUM, benches, claim, control},
};
use egress::register::rows::transfer;

fn price() -> Price {
    Price { amount_minor: SUM, currency: "KZT".into() }
}

fn report(order: OrderId, status: Status) -> Report {
    Report { order_id: order.0, payment_id: "p-1".into(), status, amount: SUM, currency: "KZT".into(), merchant: "kolsai".into() }
}

impl Orders {
    /// For the tests of others: a new order of this person's.
    pub(crate) async fn opened(&self, person: PersonId) -> OrderId {
        self.open(person, CourseId::new_v4(), price(), &claim(person, "k", "b")).await.unwrap().0.id
    }
}

impl Bench {
    async fn ordered(&self, person: PersonId) -> course_order::Model {
        let (order, new) = self.orders.open(person, CourseId::new_v4(), price(), &claim(person, "k", "b")).await.unwrap();
        assert!(new);
        order
    }

    async fn said(&self, order: OrderId, status: Status) -> Result<(), Error> {
        self.orders.notified(order, report(order, status)).await
    }

    async fn took(&self, order: OrderId, input: Input) -> course_order::Model {
        self.orders.take(order, Taking::of("payment.take-answer", input)).await.unwrap()
    }

    async fn order(&self, order: OrderId) -> (course_order::Model, State) {
        let order = self.orders.find(order).await.unwrap().unwrap();
        let state = order.standing().unwrap();
        (order, state)
    }

    async fn rows<E: personal_data::Personal>(&self) -> Vec<E::Model> {
        query::across::<E>(Purpose::Rights).all(&self.db).await.unwrap()
    }

    /// What is announced of orders: kind and version.
    async fn announced(&self) -> Vec<(String, i64)> {
        let mut events = query::anonymous::<event::Entity>().all(&self.db).await.unwrap();
        events.sort_by_key(|event| event.id);
        // Both events have the same fields.
        let version = |event: &event::Model| pb::OrderPaid::decode(event.payload.as_slice()).unwrap().version;
        events.iter().map(|event| (event.kind.rsplit('.').next().unwrap().to_owned(), version(event))).collect()
    }

    /// Asks about all that is due after this time.
    async fn asks_after(&self, time: Duration) {
        self.clock.advance(time);
        while self.orders.ask_due(&CancellationToken::new()).await.unwrap() > 0 {}
    }

    async fn is_restricted(&self, person: PersonId, state: PersonState, seen: i64) {
        let tx = self.db.begin("test.state").await.unwrap();
        person_state::apply_in_tx(&tx, person, state, 0, seen).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_payment_is_booked_receipted_and_announced_once() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        for status in [Status::Pending, Status::Paid, Status::Paid, Status::Declined, Status::Pending] {
            bench.said(order.id, status).await.unwrap();
        }
        let (paid, state) = bench.order(order.id).await;
        assert_eq!(state, State::Paid);
        assert_eq!((paid.due_at, &paid.payment_url), (None, &None));
        let receipts = bench.rows::<tax_receipt::Entity>().await;
        assert_eq!(receipts.len(), 1);
        assert_eq!(Some(&receipts[0].receipt_number), paid.receipt_number.as_ref());
        assert_eq!((receipts[0].order_id, receipts[0].amount_minor, Some(receipts[0].dated_at)), (order.id, SUM, paid.paid_at));
        assert_eq!(bench.rows::<ledger_entry::Entity>().await.len(), 2);
        assert_eq!(bench.announced().await, [("OrderPaid".to_owned(), paid.version)]);
    }
}

#[tokio::test]
async fn a_refund_brings_the_books_back_to_zero() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        let early = bench.orders.take(order.id, Taking::of("payment.ask-refund", Input::RefundAsked)).await;
        assert!(matches!(early, Err(Error::NotPaid)));
        bench.said(order.id, Status::Paid).await.unwrap();
        let paid = bench.order(order.id).await.0.version;
        let pending = bench.took(order.id, Input::RefundAsked).await;
        assert!(pending.due_at.is_some(), "the partner is asked until it has done it");
        for status in [Status::Paid, Status::Refunded, Status::Refunded, Status::Paid] {
            bench.said(order.id, status).await.unwrap();
        }
        let (refunded, state) = bench.order(order.id).await;
        assert_eq!(state, State::Refunded);
        assert_eq!(bench.rows::<ledger_entry::Entity>().await.len(), 6);
        assert_eq!(bench.rows::<tax_receipt::Entity>().await.len(), 2);
        assert_eq!(bench.announced().await, [("OrderPaid".to_owned(), paid), ("OrderRefunded".to_owned(), refunded.version)]);
    }
}

#[tokio::test]
async fn a_refund_that_overtakes_its_payment_gives_no_access() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.said(order.id, Status::Refunded).await.unwrap();
        bench.said(order.id, Status::Paid).await.unwrap();
        assert_eq!(bench.order(order.id).await.1, State::Refunded);
        assert_eq!(bench.rows::<ledger_entry::Entity>().await.len(), 4);
        assert_eq!(bench.announced().await.len(), 1);
    }
}

#[tokio::test]
async fn a_contradiction_is_recorded_once_and_changes_nothing() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        for contradiction in [
            Report { amount: SUM - 1, ..report(order.id, Status::Paid) },
            Report { currency: "USD".into(), ..report(order.id, Status::Paid) },
            Report { merchant: "other".into(), ..report(order.id, Status::Paid) },
        ] {
            for _ in 0..2 {
                assert!(matches!(bench.orders.notified(order.id, contradiction.clone()).await, Err(Error::Mismatch(_))));
            }
        }
        let (after, _) = bench.order(order.id).await;
        assert_eq!(after, order);
        let mut alarms: Vec<i32> = bench.rows::<order_alarm::Entity>().await.iter().map(|alarm| alarm.contradiction).collect();
        alarms.sort();
        assert_eq!(alarms, [1, 2, 3]);
        assert!(bench.announced().await.is_empty());
    }
}

#[tokio::test]
async fn many_at_once_are_as_one() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        let words = [Status::Paid, Status::Pending, Status::Declined, Status::Paid];
        let mut tasks = Vec::new();
        for turn in 0..16 {
            let (orders, word) = (bench.orders.clone(), report(order.id, words[turn % words.len()]));
            tasks.push(tokio::spawn(async move { orders.notified(OrderId(word.order_id), word).await }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(bench.order(order.id).await.1, State::Paid);
        assert_eq!(bench.rows::<ledger_entry::Entity>().await.len(), 2);
        assert_eq!(bench.announced().await.len(), 1);
    }
}

#[tokio::test]
async fn one_key_one_order_and_one_open_order_per_course() {
    for bench in benches().await {
        let (person, course) = (PersonId::new_v4(), CourseId::new_v4());
        let open = async |key: &str, body: &str| bench.orders.open(person, course, price(), &claim(person, key, body)).await;
        let (first, new) = open("1", "a").await.unwrap();
        assert!(new);
        let (again, new) = open("1", "a").await.unwrap();
        assert_eq!((again.id, new), (first.id, false));
        assert!(matches!(open("1", "b").await, Err(Error::Data(personal_data::Error::KeyReused))));
        let (other_key, new) = open("2", "a").await.unwrap();
        assert_eq!((other_key.id, new), (first.id, false), "the open order, not a second one");
        bench.said(first.id, Status::Paid).await.unwrap();
        assert!(matches!(open("3", "a").await, Err(Error::AlreadyPaid)));
        assert_eq!(open("1", "a").await.unwrap().0.state, State::Paid as i32, "the first answer, as it stands now");
        let elsewhere = bench.orders.open(PersonId::new_v4(), course, price(), &claim(person, "4", "a")).await.unwrap();
        assert!(elsewhere.1, "somebody else's order is their own");
    }
}

/// The catalogue is away: what was answered once is answered again, and a key with another body is told so.
#[tokio::test]
async fn a_repeated_order_asks_nobody_else() {
    for bench in benches().await {
        let (person, course) = (PersonId::new_v4(), CourseId::new_v4());
        let create = async |key: &str, body: &str| bench.orders.create(person, course, &claim(person, key, body)).await;
        assert!(matches!(create("1", "a").await, Err(Error::CatalogueAway)), "a new order needs its price");
        let (first, _) = bench.orders.open(person, course, price(), &claim(person, "1", "a")).await.unwrap();
        assert_eq!(create("1", "a").await.unwrap().order.id, first.id);
        assert!(matches!(create("1", "b").await, Err(Error::Data(personal_data::Error::KeyReused))));
        bench.is_restricted(person, PersonState::Restricted, 1).await;
        assert!(matches!(create("1", "a").await, Err(Error::Data(personal_data::Error::Restricted))));
    }
}

/// The answer to the order and every notification are lost: asking finds the payment.
#[tokio::test]
async fn what_is_not_known_is_asked_for() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.partner.place(placing(&order)).await;
        bench.took(order.id, Input::Unanswered).await;
        control(&bench.sandbox, order.id, json!({ "deliver": [], "outcome": "paid" })).await;
        bench.asks_after(asking::wait(0)).await;
        assert_eq!(bench.order(order.id).await.1, State::Paid);
        // Every call to the partner stands in the register, once.
        let transfers = bench.rows::<transfer::Entity>().await;
        assert_eq!(transfers.len(), 2);
        assert!(transfers.iter().all(|transfer| transfer.recipient == "payment-partner" && transfer.country == "KZ"));
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_sent_again() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.took(order.id, Input::Unanswered).await;
        bench.asks_after(asking::wait(0)).await;
        let (after, state) = bench.order(order.id).await;
        // The page cannot be sealed while the keyring is away; the order comes again and the partner knows it by its id.
        assert_eq!((state, after.partner_payment), (State::Created, None));
        let planned = control(&bench.sandbox, order.id, json!({})).await;
        assert_eq!(planned, json!({ "planned": ["genuine"] }), "the partner has it now");
    }
}

#[tokio::test]
async fn what_is_not_paid_expires_after_asking_and_late_money_is_taken() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.partner.place(placing(&order)).await;
        let Asked::Said(pending) = bench.partner.ask(placing(&order)).await else { panic!("the sandbox has it") };
        bench.orders.notified(order.id, pending.clone()).await.unwrap();
        bench.asks_after(Duration::from_secs(23 * 3600)).await;
        assert_eq!(bench.order(order.id).await.1, State::Pending);
        bench.asks_after(Duration::from_secs(2 * 3600)).await;
        let (expired, state) = bench.order(order.id).await;
        assert_eq!((state, expired.due_at), (State::Expired, None));
        bench.orders.notified(order.id, Report { status: Status::Paid, ..pending }).await.unwrap();
        assert_eq!(bench.order(order.id).await.1, State::Paid);
    }
}

#[tokio::test]
async fn nothing_expires_while_the_partner_is_away() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.said(order.id, Status::Pending).await.unwrap();
        bench.sandbox.stop().await;
        bench.asks_after(Duration::from_secs(48 * 3600)).await;
        let (after, state) = bench.order(order.id).await;
        assert_eq!(state, State::Pending);
        assert!(after.due_at.is_some(), "it is asked for again");
    }
}

#[tokio::test]
async fn the_partner_is_asked_for_a_refund_until_it_is_done() {
    for bench in benches().await {
        let order = bench.ordered(PersonId::new_v4()).await;
        bench.partner.place(placing(&order)).await;
        control(&bench.sandbox, order.id, json!({ "deliver": [], "outcome": "paid" })).await;
        let Asked::Said(paid) = bench.partner.ask(placing(&order)).await else { panic!("the sandbox has it") };
        bench.orders.notified(order.id, paid).await.unwrap();
        let pending = bench.took(order.id, Input::RefundAsked).await;
        let told = bench.orders.push_refund(pending).await.unwrap();
        assert_eq!(told.standing().unwrap(), State::RefundPending, "the sandbox tells of it later");
        bench.asks_after(asking::wait(0)).await;
        assert_eq!(bench.order(order.id).await.1, State::Refunded);
    }
}

/// P20: nothing of a restricted person's is processed, and nothing is lost.
#[tokio::test]
async fn a_restricted_persons_payment_waits() {
    for bench in benches().await {
        let person = PersonId::new_v4();
        let order = bench.ordered(person).await;
        bench.is_restricted(person, PersonState::Restricted, 1).await;
        let refused = bench.said(order.id, Status::Paid).await;
        assert!(matches!(refused, Err(Error::Data(personal_data::Error::Restricted))));
        assert!(bench.orders.open(person, CourseId::new_v4(), price(), &claim(person, "2", "b")).await.is_err());
        bench.clock.advance(Duration::from_secs(3600));
        assert_eq!(bench.orders.ask_due(&CancellationToken::new()).await.unwrap(), 0);
        assert!(matches!(bench.partner.place(placing(&order)).await, Placed::NotSent), "nothing leaves");
        bench.is_restricted(person, PersonState::Active, 2).await;
        bench.said(order.id, Status::Paid).await.unwrap();
        assert_eq!(bench.order(order.id).await.1, State::Paid);
    }
}

/// P19: erased, but for what tax law keeps, item by item.
#[tokio::test]
async fn erasure_leaves_what_tax_law_keeps() {
    for bench in benches().await {
        let (person, holds) = (PersonId::new_v4(), crate::holds());
        let order = bench.ordered(person).await;
        bench.said(order.id, Status::Paid).await.unwrap();
        let tx = bench.db.begin("test.erase").await.unwrap();
        let report = holds.erase_in_tx(&tx, person, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let kept: Vec<_> = report.classes.iter().filter(|class| class.after > 0).map(|class| (class.table, class.locked)).collect();
        assert_eq!(kept, [("tax_receipt", 1)]);
        assert_eq!(report.left_over, 0);
        assert!(bench.orders.find(order.id).await.unwrap().is_none());
        assert!(matches!(bench.said(order.id, Status::Refunded).await, Err(Error::NoSuchOrder)));
    }
}

#[tokio::test]
async fn the_map_is_the_schema_and_the_contract() {
    for bench in benches().await {
        assert_eq!(crate::holds().drift(&bench.db).await.unwrap(), Vec::<String>::new());
        assert_eq!(crate::holds().undeclared(), Vec::<String>::new());
        let findings = contract::check(contract::pool());
        let ours: Vec<_> = findings.iter().map(ToString::to_string).filter(|finding| finding.contains("kolsai.payment.")).collect();
        assert_eq!(ours, Vec::<String>::new());
    }
}

#[tokio::test]
async fn pages_end_where_the_orders_end() {
    for bench in benches().await {
        let person = PersonId::new_v4();
        for turn in 0..5 {
            let claim = claim(person, &turn.to_string(), "b");
            bench.orders.open(person, CourseId::new_v4(), price(), &claim).await.unwrap();
        }
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let mut page = rows::page(&bench.db, person, after, 2).await.unwrap();
            let more = page.len() > 2;
            page.truncate(2);
            after = page.last().map(|order| Place { at: order.created_at, order: order.id });
            seen.extend(page.iter().map(|order| order.created_at));
            if !more {
                break;
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|newer, older| newer >= older));
    }
}

/// P05: there is no place for a card, in any table or message.
#[test]
fn nothing_has_a_place_for_a_card() {
    let suspicious = |name: &str| {
        let words = ["card", "pan", "cvv", "cvc", "iin", "holder", "expiry_month", "expiry_year", "iban"];
        name.to_lowercase().split('_').any(|part| words.contains(&part))
            || words.iter().any(|word| word.contains('_') && name.contains(word))
    };
    for map in crate::holds().maps() {
        for column in map.columns {
            assert!(!suspicious(column.name), "{}.{}", map.table, column.name);
        }
    }
    let messages = contract::pool().all_messages().filter(|message| message.package_name() == "kolsai.payment.v1");
    let fields: Vec<String> =
        messages.flat_map(|message| message.fields().map(|field| field.name().to_owned()).collect::<Vec<_>>()).collect();
    assert!(fields.len() > 10);
    assert!(!fields.iter().any(|name| suspicious(name)));
    let wire = serde_json::to_string(&report(OrderId::new_v4(), Status::Paid)).unwrap();
    assert!(!["card", "pan", "cvv"].iter().any(|word| wire.contains(&format!("\"{word}"))));
}
