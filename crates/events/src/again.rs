//! After a restore: what was published while the databases were being read is published again.

use foundation::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};

use crate::outbox::{delivery, event};

/// Makes every event due again that was published at `since` or later: the database of a reaction may have been read before it. An
/// inbox that has seen one drops it. For databases that no relay works on; answers how many events come again.
#[allow(clippy::disallowed_methods, reason = "the outbox's own bookkeeping, of tables that hold nobody's data")]
pub async fn publish_again<C: ConnectionTrait>(connection: &C, since: Timestamp, now: Timestamp) -> Result<u64, DbErr> {
    let published = event::Column::PublishedAt.gte(since);
    let again = event::Entity::find().select_only().column(event::Column::Id).filter(published.clone()).into_query();
    delivery::Entity::delete_many().filter(delivery::Column::EventId.in_subquery(again)).exec(connection).await?;
    let due = event::Entity::update_many()
        .col_expr(event::Column::PublishedAt, Expr::value(Option::<i64>::None))
        .col_expr(event::Column::Attempts, Expr::value(0_i64))
        .col_expr(event::Column::DueAt, Expr::value(now.micros()));
    Ok(due.filter(published).exec(connection).await?.rows_affected)
}
