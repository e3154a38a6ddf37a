//! Orders, and what contradicted them.

use contract::Purpose;
use foundation::{PersonId, Timestamp, typed_id};
use personal_data::{Error, PersonalData, Sealed, Tx, category, query, schema};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

use super::{page::Place, rules::State};

typed_id!(
    /// An order. Public: random.
    OrderId
);
typed_id!(
    /// A course of learning's catalogue.
    CourseId
);
typed_id!(
    /// Something that the partner said and that contradicted the order.
    AlarmId
);

/// An order of one person for one course.
pub(crate) mod course_order {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "course_order")]
    // Three years: the general limitation period (Civil Code, art. 178).
    #[personal(category = Payment, purposes(Payment, Support, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: OrderId,
        #[personal(owner)]
        pub person_id: PersonId,
        #[personal(link)]
        pub course_id: CourseId,
        #[personal(measure)]
        pub amount_minor: i64,
        #[personal(plain = "an ISO 4217 code")]
        pub currency: String,
        #[personal(code)]
        pub state: i32,
        /// The partner's identifier of the payment, which its every word is compared with. Erasing it closes the page there.
        #[personal(object = "payments-at-the-partner")]
        pub partner_payment: Option<String>,
        #[personal(document)]
        pub payment_url: Option<Sealed<category::Payment, str>>,
        #[personal(plain = "a random number that says nothing of itself")]
        pub receipt_number: Option<String>,
        #[personal(time)]
        pub created_at: Timestamp,
        #[personal(time)]
        pub paid_at: Option<Timestamp>,
        #[personal(time)]
        pub refunded_at: Option<Timestamp>,
        #[personal(code)]
        pub refund_reason: i32,
        /// When the partner is asked next; also the lease of whoever asks. None: there is nothing to ask.
        #[personal(time)]
        pub due_at: Option<Timestamp>,
        /// Questions since the last change.
        #[personal(measure)]
        pub asked: i64,
        #[personal(version)]
        pub version: i64,
    }
}

/// A genuine word of the partner's that contradicts its order: somebody must look into it.
pub(crate) mod order_alarm {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "order_alarm")]
    #[personal(category = Payment, purposes(Payment, Support, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: AlarmId,
        #[personal(owner)]
        pub person_id: PersonId,
        #[personal(link)]
        pub order_id: OrderId,
        #[personal(code)]
        pub contradiction: i32,
        #[personal(time)]
        pub first_at: Timestamp,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("course_order", "id")
            .id("person_id")
            .id("course_id")
            .number("amount_minor")
            .text("currency")
            .code("state")
            .optional_text("partner_payment")
            .optional_bytes("payment_url")
            .optional_text("receipt_number")
            .time("created_at")
            .optional_time("paid_at")
            .optional_time("refunded_at")
            .code("refund_reason")
            .optional_time("due_at")
            .number("asked")
            .number("version")
            .index(&["person_id", "created_at"])
            .index(&["due_at"]),
        schema::table("order_alarm", "id").id("person_id").id("order_id").code("contradiction").time("first_at").index(&["person_id"]),
    ]
}

impl course_order::Model {
    /// The state; a code that this version does not know is a fault, not a state.
    pub(crate) fn standing(&self) -> Result<State, Error> {
        State::of(self.state).ok_or_else(|| Error::Internal("an order is in a state that this version does not know".into()))
    }
}

/// The orders of one person for one course.
pub(crate) async fn of_course_in_tx(tx: &Tx, person: PersonId, course: CourseId) -> Result<Vec<course_order::Model>, Error> {
    let orders = query::of::<course_order::Entity>(person, Purpose::Payment).filter(course_order::Column::CourseId.eq(course));
    Ok(orders.order_by_desc(course_order::Column::CreatedAt).all(tx).await?)
}

/// One page of a person's orders, the newest first, and one more if there is one.
pub(crate) async fn page(
    db: &personal_data::Db,
    person: PersonId,
    after: Option<Place>,
    size: u64,
) -> Result<Vec<course_order::Model>, Error> {
    use course_order::Column::{CreatedAt, Id};
    let mut orders = query::of::<course_order::Entity>(person, Purpose::Rights);
    if let Some(place) = after {
        let same_time = Condition::all().add(CreatedAt.eq(place.at)).add(Id.lt(place.order));
        orders = orders.filter(Condition::any().add(CreatedAt.lt(place.at)).add(same_time));
    }
    Ok(orders.order_by_desc(CreatedAt).order_by_desc(Id).limit(size + 1).all(db).await?)
}

/// Orders about which the partner is to be asked now.
pub(crate) async fn due(db: &personal_data::Db, now: Timestamp, most: u64) -> Result<Vec<course_order::Model>, Error> {
    let due = query::across::<course_order::Entity>(Purpose::Payment).filter(course_order::Column::DueAt.lte(now));
    Ok(due.order_by_asc(course_order::Column::DueAt).limit(most).all(db).await?)
}
