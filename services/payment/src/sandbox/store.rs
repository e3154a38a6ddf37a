//! The sandbox's payments. A card number is looked at on the page and kept nowhere: a payment has no place for one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::delivery::Delivery;
use crate::partner::protocol::{NewPayment, Notification, Report, Status};

/// One payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    pub id: Uuid,
    pub order: NewPayment,
    pub status: Status,
    /// The word of the present status: the same for every delivery of it.
    pub event: Uuid,
    /// What the merchant is sent when the status changes.
    pub plan: Vec<Delivery>,
    /// Held back until somebody asks for it, or its time comes.
    pub held: Vec<Notification>,
}

impl Payment {
    pub(super) fn report(&self) -> Report {
        Report {
            order_id: self.order.order_id,
            payment_id: self.id.to_string(),
            status: self.status,
            amount: self.order.amount,
            currency: self.order.currency.clone(),
            merchant: self.order.merchant.clone(),
        }
    }

    pub(super) fn notification(&self) -> Notification {
        Notification { event_id: self.event, payment: self.report() }
    }

    /// Whether somebody may still pay.
    pub(super) fn is_waiting(&self) -> bool {
        self.status == Status::Pending
    }

    /// Whether it has no outcome yet.
    fn is_open(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Unknown)
    }

    fn enter(&mut self, status: Status) {
        self.status = status;
        self.event = Uuid::new_v4();
    }
}

#[derive(Default)]
pub(super) struct Payments(HashMap<Uuid, Payment>);

impl Payments {
    pub(super) fn of(payments: Vec<Payment>) -> Self {
        Self(payments.into_iter().map(|payment| (payment.id, payment)).collect())
    }

    pub(super) fn all(&self) -> Vec<&Payment> {
        self.0.values().collect()
    }

    /// By its own identifier or by the merchant's order.
    pub(super) fn find(&self, id: Uuid) -> Option<&Payment> {
        self.0.get(&id).or_else(|| self.of_order(id))
    }

    pub(super) fn of_order(&self, order: Uuid) -> Option<&Payment> {
        self.0.values().find(|payment| payment.order.order_id == order)
    }

    pub(super) fn find_mut(&mut self, id: Uuid) -> Option<&mut Payment> {
        let key = self.find(id)?.id;
        self.0.get_mut(&key)
    }

    /// The payment of an order: the same order again gets the same one. None: the order is known with another sum.
    pub(super) fn take(&mut self, order: NewPayment) -> Option<Payment> {
        if let Some(known) = self.of_order(order.order_id) {
            let same = (known.order.amount, &known.order.currency) == (order.amount, &order.currency);
            return same.then(|| known.clone());
        }
        let (id, event) = (Uuid::new_v4(), Uuid::new_v4());
        let payment = Payment { id, order, status: Status::Pending, event, plan: vec![Delivery::Genuine], held: Vec::new() };
        self.0.insert(id, payment.clone());
        Some(payment)
    }

    /// As `settle`, from the page: what is being looked into is not paid a second time.
    pub(super) fn pay(&mut self, id: Uuid, status: Status) -> Option<Payment> {
        self.find(id).filter(|payment| payment.is_waiting())?;
        self.settle(id, status)
    }

    /// Gives an open payment its outcome. None: there is no such payment, or it has one already.
    pub(super) fn settle(&mut self, id: Uuid, status: Status) -> Option<Payment> {
        let payment = self.find_mut(id).filter(|payment| payment.is_open())?;
        payment.enter(status);
        Some(payment.clone())
    }

    /// Gives a paid payment back, once. The flag says whether this was the time.
    pub(super) fn refund(&mut self, id: Uuid) -> Option<(Payment, bool)> {
        let payment = self.find_mut(id)?;
        match payment.status {
            Status::Paid => {
                payment.enter(Status::Refunded);
                Some((payment.clone(), true))
            }
            Status::Refunded => Some((payment.clone(), false)),
            _ => None,
        }
    }
}
