//! What relays take from an outbox, and what they note in it. On PostgreSQL several relays share one.

use std::time::Duration;

use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Db, Error, Tx, query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement, Value};

use crate::{outbox::event, rules::Publication};

/// Takes what is due, oldest first and at most so many, for as long as the lease lasts: `Publication::is_due` and `leased` in one statement. What another
/// relay is taking at this moment is passed over.
pub(crate) async fn take_due(db: &Db, now: Timestamp, lease: Duration, most: usize) -> Result<Vec<event::Model>, Error> {
    let backend = db.get_database_backend();
    // SQLite's only write lock is not worth taking for nothing.
    if backend == DbBackend::Sqlite && !is_any_due(db, now).await? {
        return Ok(Vec::new());
    }
    let until = Publication::announced(now).leased(now, lease).due_at;
    let (until_is, now_is, pass_over) = match backend {
        DbBackend::Sqlite => ("?", "?", ""),
        _ => ("$1", "$2", "FOR UPDATE SKIP LOCKED"),
    };
    let sql = format!(
        "UPDATE outbox SET due_at = {until_is}, version = version + 1 WHERE id IN (SELECT id FROM outbox \
         WHERE published_at IS NULL AND due_at <= {now_is} ORDER BY due_at LIMIT {most} {pass_over}) RETURNING *"
    );
    let tx = db.begin("events.lease").await?;
    need_not_last(&tx).await?;
    let values: [Value; 2] = [until.micros().into(), now.micros().into()];
    let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let rows = rows.iter().map(|row| event::Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    tx.commit_quietly().await?;
    Ok(rows)
}

async fn is_any_due(db: &Db, now: Timestamp) -> Result<bool, Error> {
    let due = query::anonymous::<event::Entity>()
        .filter(event::Column::PublishedAt.is_null())
        .filter(event::Column::DueAt.lte(now))
        .select_only()
        .column(event::Column::Id)
        .limit(1);
    Ok(due.into_tuple::<Uuid>().one(db).await?.is_some())
}

/// Notes what was published, whoever has it on lease by now, and when the rest comes again.
#[allow(clippy::disallowed_methods, reason = "the outbox's own bookkeeping, of a table that holds nobody's data")]
pub(crate) async fn note(db: &Db, done: &[Uuid], now: Timestamp, again: &[(event::Model, Publication)]) -> Result<(), Error> {
    use sea_orm::sea_query::{Expr, ExprTrait};
    let tx = db.begin("events.published").await?;
    need_not_last(&tx).await?;
    let next = || event::Entity::update_many().col_expr(event::Column::Version, Expr::col(event::Column::Version).add(1));
    if !done.is_empty() {
        let published = next().col_expr(event::Column::PublishedAt, Expr::value(now.micros()));
        published.filter(event::Column::Id.is_in(done.iter().copied())).exec(&tx).await?;
    }
    for (row, then) in again {
        let again = next()
            .col_expr(event::Column::DueAt, Expr::value(then.due_at.micros()))
            .col_expr(event::Column::Attempts, Expr::value(then.attempts));
        // Another relay may have it by now: then its word counts.
        again.filter(event::Column::Id.eq(row.id)).filter(event::Column::Version.eq(row.version)).exec(&tx).await?;
    }
    tx.commit_quietly().await
}

/// Makes everything due that a relay may have had in hand when its process ended. Only where no other relay works.
#[allow(clippy::disallowed_methods, reason = "the outbox's own bookkeeping, of a table that holds nobody's data")]
pub(crate) async fn release(db: &Db) -> Result<(), Error> {
    let now = db.clock().now();
    let leased = event::Entity::update_many().filter(event::Column::PublishedAt.is_null()).filter(event::Column::DueAt.gt(now));
    leased.col_expr(event::Column::DueAt, now.into()).exec(db).await?;
    Ok(())
}

/// A database that crashes and forgets a lease or a mark has the event published again, which the inbox drops: no disk is waited for.
async fn need_not_last(tx: &Tx) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL synchronous_commit = off").await?;
    }
    Ok(())
}
