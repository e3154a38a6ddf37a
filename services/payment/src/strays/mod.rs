//! Money that no order stands behind: somebody paid, and their order is erased. Nobody here can say whose it is, so it goes back.
//! An order that is erased before it is paid is closed at the partner.

mod open;
pub(crate) mod register;
pub(crate) mod rows;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

use std::time::Duration;

use foundation::BoxError;
use personal_data::{Db, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::CancellationToken;

use crate::{
    orders::{
        Error,
        asking::{BATCH, LOOK, wait},
        rows::course_order,
    },
    partner::{Asked, Partner, protocol::Report},
};
pub(crate) use open::OpenPayments;
use rows::{PaymentKey, StrayEntryId, stray_entry, stray_payment};
use rules::{Facts, Refused, State, Step};

use crate::ledger::rules::{Account, Movement, Posting, agrees_with_stray, postings};

/// How often what is too old is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// The use cases. Clones share everything.
#[derive(Clone)]
pub(crate) struct Strays {
    db: Db,
    partner: Partner,
}

impl Strays {
    pub(crate) fn new(db: Db, partner: Partner) -> Self {
        Self { db, partner }
    }

    /// Takes the partner's own genuine word of a payment whose order is not here.
    pub(crate) async fn take(&self, said: &Report) -> Result<(), Error> {
        let id = PaymentKey::of(&said.payment_id);
        let tx = self.db.begin("payment.take-stray").await?;
        let stray = rows::find(&tx, id).await?;
        let known = match &stray {
            Some(stray) => Some((stray.standing()?, stray.amount_minor, stray.currency.as_str())),
            None => None,
        };
        // Under RIGHTS, so that a restricted person's order is told from none.
        let of_an_order = query::across::<course_order::Entity>(contract::Purpose::Rights)
            .filter(course_order::Column::PartnerPayment.eq(said.payment_id.as_str()))
            .one(&tx)
            .await?
            .is_some();
        let booked = rows::is_booked_in_tx(&tx, id).await?;
        match rules::step(&Facts { merchant: &self.partner.merchant, stray: known, booked, of_an_order }, said) {
            Ok(Step::Nothing) => Ok(()),
            Ok(Step::Owe) => {
                let due_at = Some(tx.clock().now());
                let (owed, new) = match stray {
                    Some(mut open) => {
                        (open.state, open.due_at) = (State::Owed as i32, due_at);
                        tx.update::<stray_payment::Entity>(&mut open).await?;
                        (open, true)
                    }
                    None => {
                        let owed = stray_payment::Model {
                            id,
                            partner_payment: said.payment_id.clone(),
                            amount_minor: said.amount,
                            currency: said.currency.clone(),
                            state: State::Owed as i32,
                            attempts: 0,
                            due_at,
                            version: 1,
                        };
                        let new = tx.insert_once::<stray_payment::Entity>(owed.clone()).await?;
                        (owed, new)
                    }
                };
                if new {
                    book_in_tx(&tx, &owed, Movement::StrayCame, owed.amount_minor).await?;
                }
                tx.commit().await?;
                if new {
                    tracing::error!(alarm = "PAYMENT_OF_NOBODY", stray = %id, "money came in for an order that is not here; it goes back");
                }
                Ok(())
            }
            Ok(step @ (Step::Return | Step::Cancel)) => {
                if let Some(mut stray) = stray {
                    let ended = if step == Step::Return { State::Returned } else { State::Cancelled };
                    (stray.state, stray.due_at) = (ended as i32, None);
                    tx.update::<stray_payment::Entity>(&mut stray).await?;
                    if step == Step::Return {
                        book_in_tx(&tx, &stray, Movement::StrayWent, 0).await?;
                    }
                    tx.commit().await?;
                }
                Ok(())
            }
            Err(Refused::OfNothing) => {
                tracing::error!(alarm = "PAYMENT_OF_NOBODY", "the partner speaks of an order that is not here");
                Err(Error::NoSuchOrder)
            }
            Err(Refused::Mismatch(mismatch)) => {
                tracing::error!(alarm = "PAYMENT_CONTRADICTION", stray = %id, %mismatch, "the partner's word of a payment without an order is not taken");
                Err(Error::Mismatch(mismatch))
            }
        }
    }

    /// Gives back what is owed until it is cancelled.
    pub(crate) async fn refund_until(self, cancelled: CancellationToken) -> Result<(), BoxError> {
        let mut forgotten_at = None;
        while !cancelled.is_cancelled() {
            let now = self.db.clock().now();
            if forgotten_at.is_none_or(|at| now.since(at) >= FORGET_EVERY) {
                rows::forget_booked(&self.db).await?;
                forgotten_at = Some(now);
            }
            if self.refund_due(&cancelled).await? == 0 {
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = cancelled.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// One round. Answers how many were due.
    async fn refund_due(&self, cancelled: &CancellationToken) -> Result<usize, Error> {
        let due = rows::due(&self.db, self.db.clock().now(), BATCH).await?;
        let count = due.len();
        for stray in due {
            if cancelled.is_cancelled() {
                break;
            }
            let id = stray.id;
            // One that cannot be given back keeps no other waiting; its lease makes it come again.
            if let Err(error) = self.refund(stray).await {
                tracing::warn!(stray = %id, %error, "a stray payment was not given back; the partner is asked again");
            }
        }
        Ok(count)
    }

    /// Asks the partner to give it back, or to close it; asked again, the partner does it once.
    async fn refund(&self, mut stray: stray_payment::Model) -> Result<(), Error> {
        if !self.lease(&mut stray).await? {
            return Ok(());
        }
        let asked = match stray.standing()? {
            State::Open | State::Cancelled => self.partner.cancel_stray(&stray).await,
            State::Owed | State::Returned => self.partner.refund_stray(&stray).await,
        };
        match asked {
            // Confirmed, or under way: then it is asked for again.
            Asked::Said(report) if report.payment_id == stray.partner_payment => self.take(&report).await,
            Asked::Missing => {
                tracing::error!(alarm = "REFUND_STUCK", stray = %stray.id, "the partner does not know a payment that it told of");
                Ok(())
            }
            Asked::Said(_) | Asked::Unanswered => Ok(()),
        }
    }

    /// Counts the question and puts the next one off, so that nobody else asks meanwhile. False: somebody else has.
    async fn lease(&self, stray: &mut stray_payment::Model) -> Result<bool, Error> {
        let tx = self.db.begin("payment.lease-stray").await?;
        let waits = matches!(stray.standing()?, State::Owed | State::Open);
        stray.due_at = waits.then(|| tx.clock().now().plus(wait(stray.attempts)));
        stray.attempts += 1;
        match tx.update::<stray_payment::Entity>(stray).await {
            Err(personal_data::Error::Changed(_)) => Ok(false),
            written => {
                written?;
                tx.commit_quietly().await?;
                Ok(true)
            }
        }
    }
}

/// Books a movement of a stray payment, and sees that its books then say what is owed.
async fn book_in_tx(tx: &Tx, stray: &stray_payment::Model, movement: Movement, owed_minor: i64) -> Result<(), Error> {
    for posting in postings(movement, stray.amount_minor) {
        let row = stray_entry::Model {
            id: StrayEntryId::new_v7(),
            stray: stray.id,
            account: posting.account as i32,
            debit_minor: posting.debit_minor,
            credit_minor: posting.credit_minor,
            currency: stray.currency.clone(),
            booked_at: tx.clock().now(),
        };
        tx.insert::<stray_entry::Entity>(row).await?;
    }
    let entries = query::anonymous::<stray_entry::Entity>().filter(stray_entry::Column::Stray.eq(stray.id)).all(tx).await?;
    let posting = |entry: &stray_entry::Model| {
        let (debit_minor, credit_minor) = (entry.debit_minor, entry.credit_minor);
        Account::of(entry.account).map(|account| Posting { account, debit_minor, credit_minor })
    };
    let booked: Option<Vec<Posting>> = entries.iter().map(posting).collect();
    match booked {
        // What was owed before the books were kept has no entry of its coming.
        Some(booked) if agrees_with_stray(&booked, owed_minor) || booked.len() < 4 && movement == Movement::StrayWent => Ok(()),
        _ => {
            Err(personal_data::Error::Internal("the books of a stray payment do not agree with its state; nothing was changed".into())
                .into())
        }
    }
}
