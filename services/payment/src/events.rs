//! What payment announces.

use ::events::announce_in_tx;
use contract::payment::v1 as pb;
use personal_data::{Error, Tx};

use crate::orders::{rows::course_order, rules::Announcement};

/// Announces what became of an order, with the version that it has now.
pub(crate) async fn announce_order_in_tx(tx: &Tx, order: &course_order::Model, what: Announcement) -> Result<(), Error> {
    let (order_id, person_id, course_id) = (order.id.to_string(), order.person_id.to_string(), order.course_id.to_string());
    match what {
        Announcement::Paid => announce_in_tx(tx, pb::OrderPaid { order_id, person_id, course_id, version: order.version }).await,
        Announcement::Refunded => announce_in_tx(tx, pb::OrderRefunded { order_id, person_id, course_id, version: order.version }).await,
    }
}
