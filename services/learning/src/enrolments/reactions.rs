//! What payment's events do to enrolments. Both commute: what an order says last, by its version, counts.

use async_trait::async_trait;
use contract::{
    Purpose,
    learning::v1::Enrolled,
    payment::v1::{OrderPaid, OrderRefunded},
};
use events::{Reaction, ReactionError, announce_in_tx};
use foundation::PersonId;
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::rows::{enrolment, order};
use crate::{
    catalogue::Catalogue,
    ids::{CourseId, EnrolmentId, OrderId},
    teaching::instructors,
};

/// A paid order opens its course.
pub struct OpenOnPayment(pub Catalogue);

/// A refunded order no longer does.
pub struct CloseOnRefund;

#[async_trait]
impl Reaction<OrderPaid> for OpenOnPayment {
    const NAME: &'static str = "learning.open-course-on-payment";
    const PURPOSE: Purpose = Purpose::Education;

    async fn react_in_tx(&self, tx: &Tx, paid: OrderPaid) -> Result<(), ReactionError> {
        let said = Said::read(&paid.order_id, &paid.person_id, &paid.course_id, true, paid.version)?;
        if self.0.course(said.course).is_none() {
            return Err(ReactionError::Poisoned("the order is for a course that is not taught"));
        }
        if foundation::sabotage::breaks("P10") {
            return Ok(());
        }
        said.apply_in_tx(tx).await
    }
}

#[async_trait]
impl Reaction<OrderRefunded> for CloseOnRefund {
    const NAME: &'static str = "learning.close-course-on-refund";
    const PURPOSE: Purpose = Purpose::Education;

    async fn react_in_tx(&self, tx: &Tx, refunded: OrderRefunded) -> Result<(), ReactionError> {
        Said::read(&refunded.order_id, &refunded.person_id, &refunded.course_id, false, refunded.version)?.apply_in_tx(tx).await
    }
}

/// What an event says of an order.
struct Said {
    order: OrderId,
    person: PersonId,
    course: CourseId,
    paid: bool,
    version: i64,
}

impl Said {
    fn read(order: &str, person: &str, course: &str, paid: bool, version: i64) -> Result<Self, ReactionError> {
        let (Ok(order), Ok(person), Ok(course)) = (order.parse(), person.parse(), course.parse()) else {
            return Err(ReactionError::Poisoned("an identifier of the order cannot be read"));
        };
        Ok(Self { order, person, course, paid, version })
    }

    async fn apply_in_tx(&self, tx: &Tx) -> Result<(), ReactionError> {
        if !self.note_in_tx(tx).await? {
            return Ok(());
        }
        let orders = query::of::<order::Entity>(self.person, Purpose::Education).filter(order::Column::CourseId.eq(self.course));
        let open = orders.filter(order::Column::Paid.eq(true)).one(tx).await?.is_some();
        match super::of_course(tx, self.person, self.course).await? {
            None if open => self.enrol_in_tx(tx).await,
            Some(mut row) if row.open != open => {
                row.open = open;
                tx.update::<enrolment::Entity>(&mut row).await?;
                if open { self.announce_in_tx(tx, &row).await } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Writes down what the order says, unless something newer is known of it. Answers whether it did.
    async fn note_in_tx(&self, tx: &Tx) -> Result<bool, ReactionError> {
        let select = query::of::<order::Entity>(self.person, Purpose::Education).filter(order::Column::Id.eq(self.order));
        match select.one(tx).await? {
            Some(known) if known.seen >= self.version => return Ok(false),
            Some(mut known) => {
                (known.paid, known.seen) = (self.paid, self.version);
                tx.update::<order::Entity>(&mut known).await?;
            }
            None => {
                let row = order::Model {
                    id: self.order,
                    learner_id: self.person,
                    course_id: self.course,
                    paid: self.paid,
                    seen: self.version,
                    version: 0,
                };
                tx.insert::<order::Entity>(row).await?;
            }
        }
        Ok(true)
    }

    async fn enrol_in_tx(&self, tx: &Tx) -> Result<(), ReactionError> {
        let row = enrolment::Model {
            id: EnrolmentId::new_v4(),
            learner_id: self.person,
            course_id: self.course,
            instructor_id: instructors::Load::read(tx).await?.fewest(self.person),
            open: true,
            enrolled_at: tx.clock().now(),
            completed_at: None,
            version: 0,
        };
        tx.insert::<enrolment::Entity>(row.clone()).await?;
        self.announce_in_tx(tx, &row).await
    }

    async fn announce_in_tx(&self, tx: &Tx, row: &enrolment::Model) -> Result<(), ReactionError> {
        let event = Enrolled {
            enrolment_id: row.id.to_string(),
            person_id: row.learner_id.to_string(),
            course_id: row.course_id.to_string(),
            version: row.version,
        };
        Ok(announce_in_tx(tx, event).await?)
    }
}
