//! What is not known is asked for: orders that the partner has not got yet, payments that it has not told of, refunds that are
//! not done. Nothing expires unasked.

use std::time::Duration;

use contract::Purpose;
use foundation::{BoxError, Timestamp};
use service::CancellationToken;

use super::{
    Error, Orders, placing, rows,
    rows::course_order,
    rules::{Input, State},
    taking::Taking,
};
use crate::partner::{Asked, protocol::Status};

/// How often the worker looks for what is due.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
pub(crate) const BATCH: u64 = 32;

/// The first question comes after this; it also covers a call that is still under way.
const FIRST: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(900);

/// How long until the next question, by the number of questions before: doubled each time, at most a quarter of an hour.
pub(crate) fn wait(asked: i64) -> Duration {
    let doubled = 1_u32.checked_shl(u32::try_from(asked.max(0)).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

impl Orders {
    /// Asks about what is due until it is cancelled.
    pub(crate) async fn ask_until(self, cancelled: CancellationToken) -> Result<(), BoxError> {
        while !cancelled.is_cancelled() {
            let asked = self.ask_due(&cancelled).await?;
            if asked == 0 {
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = cancelled.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// One round. Answers how many orders were due.
    pub(super) async fn ask_due(&self, cancelled: &CancellationToken) -> Result<usize, Error> {
        let due = rows::due(&self.db, self.db.clock().now(), BATCH).await?;
        let count = due.len();
        for order in due {
            if cancelled.is_cancelled() {
                break;
            }
            let id = order.id;
            // One order that cannot be settled keeps no other waiting; its lease makes it come again.
            if let Err(error) = self.settle(order).await {
                tracing::warn!(order = %id, %error, "an order could not be settled; it is asked for again");
            }
        }
        Ok(count)
    }

    async fn settle(&self, mut order: course_order::Model) -> Result<(), Error> {
        if !self.lease(&mut order).await? {
            return Ok(());
        }
        let aged = self.db.clock().now().since(order.created_at) >= self.open_for;
        match order.standing()? {
            State::Created if !aged => self.place(order).await.map(drop),
            State::RefundPending => self.push_refund(order).await.map(drop),
            State::Created | State::Pending | State::Unknown => self.ask(order, aged).await,
            State::Paid | State::Failed | State::Expired | State::Refunded => Ok(()),
        }
    }

    /// Puts the next question off, so that nobody else asks meanwhile. False: somebody else has.
    async fn lease(&self, order: &mut course_order::Model) -> Result<bool, Error> {
        let tx = self.db.begin_for("payment.lease-order", order.person_id, Purpose::Payment).await?;
        let now: Timestamp = tx.clock().now();
        order.due_at = order.standing()?.is_asked().then(|| now.plus(wait(order.asked)));
        order.asked += 1;
        match tx.update::<course_order::Entity>(order).await {
            Err(personal_data::Error::Changed(_)) => Ok(false),
            written => {
                written?;
                tx.commit_quietly().await?;
                Ok(true)
            }
        }
    }

    async fn ask(&self, order: course_order::Model, aged: bool) -> Result<(), Error> {
        let (input, unpaid) = match self.partner.ask(placing(&order)).await {
            Asked::Said(report) if report.order_id == order.id.0 => {
                let unpaid = report.status == Status::Pending;
                (Input::Said(report), unpaid)
            }
            Asked::Missing => (Input::Missing, true),
            Asked::Said(_) | Asked::Unanswered => return Ok(()),
        };
        let order = self.take(order.id, Taking::of("payment.take-answer", input)).await?;
        if aged && unpaid {
            self.take(order.id, Taking::of("payment.expire-order", Input::Aged)).await?;
        }
        Ok(())
    }

    /// Asks for the refund; asked again, the partner does it once.
    pub(crate) async fn push_refund(&self, order: course_order::Model) -> Result<course_order::Model, Error> {
        match self.partner.refund(placing(&order)).await {
            Asked::Said(report) if report.order_id == order.id.0 => {
                self.take(order.id, Taking::of("payment.take-answer", Input::Said(report))).await
            }
            Asked::Missing => {
                tracing::error!(alarm = "REFUND_STUCK", order = %order.id, "the partner does not know a payment that it was paid for");
                Ok(order)
            }
            Asked::Said(_) | Asked::Unanswered => Ok(order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_rarer_and_never_stop() {
        assert_eq!(wait(0), FIRST);
        assert!((0..100).all(|asked| wait(asked) <= wait(asked + 1)));
        assert_eq!(wait(i64::MAX), LONGEST);
        assert_eq!(wait(40), LONGEST);
    }
}
