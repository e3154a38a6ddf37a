//! Every clock that runs, whatever table its request is in.

use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Db, Error, Mapped, Tx};
use sea_orm::{ColumnTrait, ExprTrait, ModelTrait, QueryFilter, Value, sea_query::Expr, sea_query::SimpleExpr};

use crate::{
    cases::{self, rows::rights_case},
    erasures::rows::{State, erasure},
    objections::rows as objection,
    rectifications::rows::rectification,
    requests::rows::copy_request,
    states::{self, rows::state_request},
};

/// The clock of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub request: Uuid,
    pub right: &'static str,
    pub received_at: Timestamp,
    pub due_at: Timestamp,
}

/// A table of requests with clocks.
#[async_trait::async_trait]
pub trait Clocked: Send + Sync {
    /// Every clock; or those, at a time, of whose term four fifths are over.
    async fn running(&self, db: &Db, late_at: Option<Timestamp>) -> Result<Vec<Running>, Error>;
    /// Compare-and-set: false when somebody else moved it, or it is done.
    async fn move_in_tx(&self, tx: &Tx, clock: &Running, due: Timestamp) -> Result<bool, Error>;
}

struct Table<E: Mapped> {
    received: E::Column,
    due: E::Column,
    open: fn() -> SimpleExpr,
    right: fn(&E::Model) -> &'static str,
}

#[async_trait::async_trait]
#[allow(clippy::disallowed_methods, reason = "every clock runs, whosever it is: numbers of requests and times alone are read")]
impl<E: Mapped> Clocked for Table<E>
where
    E::Column: Send + Sync,
{
    async fn running(&self, db: &Db, late_at: Option<Timestamp>) -> Result<Vec<Running>, Error> {
        let mut select = E::find().filter((self.open)());
        if let Some(now) = late_at {
            // received + 4/5 (due - received) <= now, in whole numbers.
            let four_fifths = Expr::col(self.due).mul(4).add(Expr::col(self.received));
            select = select.filter(four_fifths.lte(now.micros() * 5));
        }
        let rows = select.all(db).await?;
        let time = |row: &E::Model, column| match row.get(column) {
            Value::BigInt(Some(at)) => Some(Timestamp::from_micros(at)),
            _ => None,
        };
        let read = |row: &E::Model| {
            let Value::Uuid(Some(request)) = row.get(E::key()) else { return None };
            Some(Running { request, right: (self.right)(row), received_at: time(row, self.received)?, due_at: time(row, self.due)? })
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    async fn move_in_tx(&self, tx: &Tx, clock: &Running, due: Timestamp) -> Result<bool, Error> {
        let mut update = E::update_many().col_expr(self.due, Expr::value(due));
        if let Some(version) = E::version() {
            update = update.col_expr(version, Expr::col(version).add(1));
        }
        let update = update.filter(E::key().eq(clock.request)).filter(self.due.eq(clock.due_at)).filter((self.open)());
        Ok(update.exec(tx).await?.rows_affected == 1)
    }
}

/// Every table of requests.
pub fn all() -> Vec<Box<dyn Clocked>> {
    vec![
        Box::new(Table::<copy_request::Entity> {
            received: copy_request::Column::ReceivedAt,
            due: copy_request::Column::DueAt,
            open: || copy_request::Column::DoneAt.is_null(),
            right: |_| "copy",
        }),
        Box::new(Table::<erasure::Entity> {
            received: erasure::Column::OrderedAt,
            due: erasure::Column::DueAt,
            open: || erasure::Column::State.is_not_in([State::Done as i32, State::Cancelled as i32]),
            right: |_| "erasure",
        }),
        Box::new(Table::<rectification::Entity> {
            received: rectification::Column::ReceivedAt,
            due: rectification::Column::DueAt,
            open: || rectification::Column::DoneAt.is_null(),
            right: |_| "rectification",
        }),
        Box::new(Table::<rights_case::Entity> {
            received: rights_case::Column::ReceivedAt,
            due: rights_case::Column::DueAt,
            open: || rights_case::Column::AnsweredAt.is_null(),
            right: |row| cases::right(row.kind),
        }),
        Box::new(Table::<state_request::Entity> {
            received: state_request::Column::ReceivedAt,
            due: state_request::Column::DueAt,
            open: || state_request::Column::DoneAt.is_null(),
            right: |row| states::Kind::of(row.kind).right(),
        }),
        Box::new(Table::<objection::Entity> {
            received: objection::Column::ReceivedAt,
            due: objection::Column::DueAt,
            open: || objection::Column::AnsweredAt.is_null(),
            right: |_| "objection",
        }),
    ]
}
