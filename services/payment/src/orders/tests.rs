//! Orders over a real database: what the rules decide is what is written, once, whoever comes when.

use std::time::Duration;

use contract::payment::v1 as pb;
use foundation::PersonId;
use personal_data::{
    person_state::{self, State as PersonState},
    query,
};
use sea_orm::EntityTrait;
use serde_json::json;
use service::CancellationToken;

use super::*;
use crate::{
    ledger::rows::{ledger_entry, tax_receipt},
    orders::rows::order_alarm,
    partner::protocol::Status,
    testing::{Bench, SUM, benches, claim, control},
    transfers::rows::transfer,
};

impl Bench {
    async fn ordered(&self, person: PersonId) -> course_order::Model {
        let price = Price { amount_minor: SUM, currency: "KZT".into() };
        let (order, new) = self.orders.open(person, CourseId::new_v4(), price, &claim(person, "k", "b")).await.unwrap();
        assert!(new);
        order
    }

    async fn said(&self, order: OrderId, status: Status) -> Result<(), Error> {
        self.orders.notified(order, report(order, status)).await
    }

    async fn took(&self, order: OrderId, input: Input) -> course_order::Model {
        self.orders.take(order, Taking::of("payment.take-answer", input)).await.unwrap()
    }

    async fn state(&self, order: OrderId) -> State {
        self.orders.find(order).await.unwrap().unwrap().standing().unwrap()
    }

    async fn rows<E: personal_data::Personal>(&self) -> Vec<E::Model> {
        query::across::<E>(Purpose::Rights).all(&self.db).await.unwrap()
    }

    /// The kinds of what is announced, in order.
    async fn announced(&self) -> Vec<(String, i64)> {
        let mut events = query::anonymous::<::events::outbox::event::Entity>().all(&self.db).await.unwrap();
        events.sort_by_key(|event| event.id);
        let version = |event: &::events::outbox::event::Model| {
            let paid = <pb::OrderPaid as prost_message::Message>::decode(event.payload.as_slice()).unwrap();
            paid.version
        };
        events.iter().map(|event| (event.kind.clone(), version(event))).collect()
    }

    /// Asks about everything that is due.
    async fn asks(&self) {
        while self.orders.ask_due(&CancellationToken::new()).await.unwrap() > 0 {}
    }
}

use contract::Event as _;
mod prost_message {
    pub(super) use tonic_prost_free::Message;
    mod tonic_prost_free {
        pub use contract::Event as Message;
    }
}

fn report(order: OrderId, status: Status) -> Report {
    Report { order_id: order.0, payment_id: "p-1".into(), status, amount: SUM, currency: "KZT".into(), merchant: "kolsai".into() }
}
