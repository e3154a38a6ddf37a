//! Orders that are erased before they are paid: their page at the partner is closed, so that nobody pays for nothing.

use async_trait::async_trait;
use foundation::PersonId;
use personal_data::{
    Db, Error,
    holder::{HeldFile, HeldObjects},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    rows::{PaymentKey, stray_payment},
    rules::State,
};
use crate::orders::rows::course_order;

/// What the partner holds of an order, by the partner's identifier of the payment. Removing it is noted here, so that an erasure
/// does not wait for the partner; who gives strays back then has the page closed.
pub(crate) struct OpenPayments(pub Db);

#[async_trait]
impl HeldObjects for OpenPayments {
    async fn open(&self, _: PersonId, _: &str) -> Result<Option<HeldFile>, Error> {
        Ok(None)
    }

    #[allow(clippy::disallowed_methods, reason = "the erasure itself: its person may be marked already")]
    async fn remove(&self, key: &str) -> Result<(), Error> {
        let tx = self.0.begin("payment.cancel-of-erased").await?;
        let order = course_order::Entity::find().filter(course_order::Column::PartnerPayment.eq(key)).one(&tx).await?;
        let Some(order) = order else { return Ok(()) };
        if !order.standing()?.is_open() {
            return Ok(());
        }
        let open = stray_payment::Model {
            id: PaymentKey::of(key),
            partner_payment: key.to_owned(),
            amount_minor: order.amount_minor,
            currency: order.currency,
            state: State::Open as i32,
            attempts: 0,
            due_at: Some(tx.clock().now()),
            version: 1,
        };
        tx.insert_once::<stray_payment::Entity>(open).await?;
        tx.commit().await
    }
}
