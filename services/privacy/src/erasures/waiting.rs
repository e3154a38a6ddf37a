//! An erasure that waits: for a copy that was asked for first, or for the end of its days of grace. It can be taken back.

use contract::Purpose;
use foundation::{PersonId, Refusal, Timestamp};
use personal_data::{Error, query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, Query},
};

use super::{
    Erasures, announce_in_tx, commitment,
    rows::{ErasureId, State, erasure},
    rules,
};
use crate::requests::rows::copy_request;

/// Copies that somebody asked for and does not have yet, by when each is due.
pub(super) async fn open_copies<C: ConnectionTrait>(connection: &C, person: PersonId) -> Result<Vec<Timestamp>, Error> {
    let open = query::of::<copy_request::Entity>(person, Purpose::Rights).filter(copy_request::Column::DoneAt.is_null());
    Ok(open.all(connection).await?.into_iter().map(|row| row.due_at).collect())
}

impl Erasures {
    /// Begins what has waited long enough.
    pub(super) async fn begin_ready(&self) -> Result<(), Error> {
        let now = self.db.clock().now();
        // As `rules::waits_until` says it.
        let column = |column| Expr::col((erasure::Entity, column));
        let open_copy = Query::select()
            .expr(Expr::val(1))
            .from(copy_request::Entity)
            .and_where(ExprTrait::equals(
                Expr::col((copy_request::Entity, copy_request::Column::Person)),
                (erasure::Entity, erasure::Column::Person),
            ))
            .and_where(Expr::col((copy_request::Entity, copy_request::Column::DoneAt)).is_null())
            .and_where(ExprTrait::gt(Expr::col((copy_request::Entity, copy_request::Column::DueAt)), now.micros()))
            .take();
        let ready = query::anonymous::<erasure::Entity>()
            .filter(erasure::Column::State.eq(State::Waiting as i32))
            .filter(erasure::Column::LookAt.lte(now))
            .filter(ExprTrait::lte(column(erasure::Column::ActsAt), now.micros()))
            .filter(Condition::any().add(erasure::Column::WithoutCopy.eq(true)).add(Expr::exists(open_copy).not()));
        for row in ready.all(&self.db).await? {
            let id = row.id;
            match self.start(row).await {
                // Taken back meanwhile.
                Ok(()) | Err(Error::Changed(_)) => {}
                // It keeps no other one waiting.
                Err(error) => tracing::warn!(erasure = %id, %error, "an erasure does not begin for now"),
            }
        }
        Ok(())
    }

    async fn start(&self, mut row: erasure::Model) -> Result<(), Error> {
        let Some(person) = row.person.map(PersonId) else { return Ok(()) };
        let tx = self.db.begin("privacy.begin-erasure").await?;
        let now = tx.clock().now();
        row.orders = rules::order_at(row.ordered_at, now);
        (row.round, row.state, row.look_at, row.begun_at) = (row.orders, State::Open as i32, now, Some(now));
        tx.update::<erasure::Entity>(&mut row).await?;
        announce_in_tx(&tx, row.id, person, row.ordered_at, row.orders).await?;
        tx.commit().await
    }

    /// Takes back what still waits; doing it again changes nothing.
    pub async fn cancel(&self, person: PersonId, id: ErasureId) -> Result<(), Refusal> {
        let tx = self.db.begin_for("privacy.cancel-erasure", person, Purpose::Rights).await?;
        let found = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(id)).one(&tx).await.map_err(Error::from)?;
        let theirs = found.filter(|row| row.commitment == commitment(&self.signing.token(id.0), person));
        let mut row = theirs.ok_or_else(|| Refusal::not_found("NO_SUCH_REQUEST", "there is no such request of yours"))?;
        match State::of(row.state) {
            State::Cancelled => return Ok(()),
            State::Waiting => {}
            State::Open | State::Contradicted | State::Done => {
                return Err(Refusal::precondition("ERASURE_HAS_BEGUN", "this erasure has begun; it cannot be taken back any more"));
            }
        }
        (row.state, row.person, row.done_at) = (State::Cancelled as i32, None, Some(tx.clock().now()));
        tx.update::<erasure::Entity>(&mut row).await?;
        tx.commit().await?;
        Ok(())
    }
}
