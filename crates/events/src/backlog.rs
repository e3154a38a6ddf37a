//! What waits in one service's database, in numbers: for metrics and for an operator's look.

use foundation::Timestamp;
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::{outbox::event, parked};

/// Events on their way out, and events set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Announced and not published.
    pub depth: u64,
    /// When the oldest of them was announced.
    pub oldest: Option<Timestamp>,
    /// Set aside for good, until somebody replays them.
    pub parked: u64,
    /// Set aside until a person's restriction is lifted.
    pub held: u64,
}

/// Counts; nothing of an event is read.
pub async fn backlog(db: &Db) -> Result<Backlog, Error> {
    let waiting = query::anonymous::<event::Entity>().filter(event::Column::PublishedAt.is_null());
    let row: Option<(i64, Option<i64>)> = waiting
        .select_only()
        .column_as(event::Column::Id.count(), "depth")
        .column_as(event::Column::At.min(), "oldest")
        .into_tuple()
        .one(db)
        .await?;
    let (depth, oldest) = row.unwrap_or_default();
    let held = query::anonymous::<parked::Entity>().filter(parked::Column::Reason.eq(parked::HELD)).count(db).await?;
    let all = query::anonymous::<parked::Entity>().count(db).await?;
    Ok(Backlog {
        depth: u64::try_from(depth).unwrap_or_default(),
        oldest: oldest.map(Timestamp::from_micros),
        parked: all.saturating_sub(held),
        held,
    })
}
