//! Orders: what a person buys, where they pay it, how it stands, and the way back.

pub(crate) mod asking;
mod catalogue;
mod error;
pub(crate) mod obligations;
mod page;
mod receipt;
pub(crate) mod rows;
pub(crate) mod rpc;
pub(crate) mod rules;
pub(crate) mod stores;
mod taking;

use std::time::Duration;

use contract::{Purpose, payment::v1::refund_order_request::Reason};
use foundation::{PersonId, Transport, uuid::Uuid};
use personal_data::{Db, Idempotency, category, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::Caller;

use crate::partner::{Partner, Placed, Placing, protocol::Report};
use catalogue::{Catalogue, Price};
use page::Place;
use rows::course_order;
use rules::{Input, State};
use taking::Taking;

pub(crate) use error::Error;
pub(crate) use rows::{CourseId, OrderId};

/// The use cases. Clones share everything.
#[derive(Clone)]
pub(crate) struct Orders {
    db: Db,
    keys: Keys,
    catalogue: Catalogue,
    partner: Partner,
    /// How long an order may wait for its payment.
    open_for: Duration,
}

/// An order as its person sees it.
pub(crate) struct Shown {
    pub order: course_order::Model,
    /// Where to pay, while there is something to pay.
    pub payment_url: Option<String>,
}

impl Orders {
    pub(crate) fn new(db: Db, keys: Keys, learning: Transport, partner: Partner, open_for: Duration) -> Self {
        Self { db, keys, catalogue: Catalogue::new(learning), partner, open_for }
    }

    /// Orders a course at its present price and takes the order to the partner. When the partner does not answer, the order
    /// stands all the same and is taken there later.
    pub(crate) async fn create(&self, person: PersonId, course: CourseId, claim: &Idempotency) -> Result<Shown, Error> {
        // Before anybody else is asked: a repeated call has its answer here, and a key with another body is no new order.
        if let Some(first) = self.db.made_before(claim).await? {
            return self.show(self.repeated(person, first).await?).await;
        }
        let price = self.catalogue.price(course).await?;
        let order = match self.open(person, course, price, claim).await? {
            (order, true) => self.place(order).await?,
            (order, false) => order,
        };
        self.show(order).await
    }

    /// What the first call under the same key made, as it stands now.
    async fn repeated(&self, person: PersonId, first: Uuid) -> Result<course_order::Model, Error> {
        // As for a new order: not while the person's processing is restricted. It only looks, and is rolled back.
        let tx = self.db.begin_for("payment.repeat-order", person, Purpose::Payment).await?;
        query::by_key::<course_order::Entity>(first, Purpose::Payment).one(&tx).await?.ok_or(Error::NoSuchOrder)
    }

    /// The new order, and whether it is new: of one course a person has one open order at a time.
    async fn open(
        &self,
        person: PersonId,
        course: CourseId,
        price: Price,
        claim: &Idempotency,
    ) -> Result<(course_order::Model, bool), Error> {
        let tx = self.db.begin_for("payment.create-order", person, Purpose::Payment).await?;
        let (mut open, mut paid) = (None, false);
        for order in rows::of_course_in_tx(&tx, person, course).await? {
            let state = order.standing()?;
            paid |= state.is_paid();
            if state.is_open() {
                open.get_or_insert(order);
            }
        }
        let id = open.as_ref().map_or_else(OrderId::new_v4, |order| order.id);
        if let Some(first) = tx.first_made(claim, id).await? {
            let first = query::by_key::<course_order::Entity>(first, Purpose::Payment).one(&tx).await?;
            return Ok((first.ok_or(Error::NoSuchOrder)?, false));
        }
        if paid {
            return Err(Error::AlreadyPaid);
        }
        if let Some(open) = open {
            tx.commit().await?;
            return Ok((open, false));
        }
        let now = tx.clock().now();
        let order = course_order::Model {
            id,
            person_id: person,
            course_id: course,
            amount_minor: price.amount_minor,
            currency: price.currency,
            state: State::Created as i32,
            partner_payment: None,
            payment_url: None,
            receipt_number: None,
            created_at: now,
            paid_at: None,
            refunded_at: None,
            refund_reason: 0,
            // If this process ends before the partner has it, somebody takes it there.
            due_at: Some(now.plus(asking::wait(0))),
            asked: 0,
            version: 1,
        };
        tx.insert::<course_order::Entity>(order.clone()).await?;
        tx.commit().await?;
        Ok((order, true))
    }

    /// One of the caller's own orders.
    pub(crate) async fn get(&self, caller: &Caller, order: OrderId) -> Result<Shown, Error> {
        let own = query::of::<course_order::Entity>(caller.person()?, Purpose::Rights).filter(course_order::Column::Id.eq(order));
        let order = own.one(&self.db).await?.ok_or(Error::NoSuchOrder)?;
        self.show(order).await
    }

    /// A page of the caller's orders, and the token of the next one.
    pub(crate) async fn list(&self, caller: &Caller, token: &str, size: u32) -> Result<(Vec<Shown>, Option<String>), Error> {
        let (after, size) = (Place::of_token(token)?, page::size(size)?);
        let mut orders = rows::page(&self.db, caller.person()?, after, size as u64).await?;
        let more = orders.len() > size;
        orders.truncate(size);
        let last = orders.last().filter(|_| more).map(|order| Place { at: order.created_at, order: order.id }.to_token());
        let mut shown = Vec::with_capacity(orders.len());
        for order in orders {
            shown.push(self.show(order).await?);
        }
        Ok((shown, last))
    }

    /// Gives the money of a paid order back.
    pub(crate) async fn refund(&self, caller: &Caller, id: OrderId, reason: Reason, claim: &Idempotency) -> Result<Shown, Error> {
        let Some(order) = self.find(id).await? else {
            caller.acts_on_nobody();
            return Err(Error::NoSuchOrder);
        };
        caller.acts_on(order.person_id).await?;
        if reason == Reason::Unspecified {
            return Err(Error::NoReason);
        }
        let taking = Taking { claim: Some(claim), refund_reason: reason, ..Taking::of("payment.ask-refund", Input::RefundAsked) };
        let mut order = self.take(id, taking).await?;
        if order.standing()? == State::RefundPending {
            order = self.push_refund(order).await?;
        }
        Ok(Shown { order, payment_url: None })
    }

    /// The order under this identifier, whosever it is: name its owner before anything of it leaves.
    pub(crate) async fn find(&self, id: OrderId) -> Result<Option<course_order::Model>, Error> {
        // Under RIGHTS, so that a restricted person's order is told from none; every change asks for PAYMENT again.
        Ok(query::by_key::<course_order::Entity>(id, Purpose::Rights).one(&self.db).await?)
    }

    /// Takes the partner's own word, which came by itself and is genuine.
    pub(crate) async fn notified(&self, order: OrderId, report: Report) -> Result<(), Error> {
        self.take(order, Taking::of("payment.take-notification", Input::Said(report))).await.map(drop)
    }

    /// Takes an order to the partner and notes what came of it.
    async fn place(&self, order: course_order::Model) -> Result<course_order::Model, Error> {
        let placed = self.partner.place(placing(&order)).await;
        let (input, page) = match placed {
            Placed::Accepted(accepted) => (Input::Accepted { payment: accepted.payment_id }, Some(accepted.payment_url)),
            Placed::Rejected => (Input::Rejected, None),
            Placed::Unanswered => (Input::Unanswered, None),
            Placed::NotSent => return Ok(order),
        };
        self.take(order.id, Taking { page, ..Taking::of("payment.note-placed", input) }).await
    }

    async fn show(&self, order: course_order::Model) -> Result<Shown, Error> {
        // While an outcome is not known, nobody is asked to pay again.
        if order.standing()? != State::Pending || order.payment_url.is_none() {
            return Ok(Shown { order, payment_url: None });
        }
        let key = match self.keys.of::<category::Payment>(order.person_id, Purpose::Payment).await {
            Ok(key) => key,
            // Nothing can be paid then; that there is an order may still be seen.
            Err(personal_data::Error::Restricted | personal_data::Error::Withdrawn(_)) => return Ok(Shown { order, payment_url: None }),
            Err(error) => return Err(error.into()),
        };
        let payment_url = order.open_payment_url(&key)?;
        Ok(Shown { order, payment_url })
    }
}

fn placing(order: &course_order::Model) -> Placing<'_> {
    Placing { order: order.id, person: order.person_id, amount_minor: order.amount_minor, currency: &order.currency }
}

#[cfg(test)]
mod tests;
