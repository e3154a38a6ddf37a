//! Facts become counts, and complete periods become cells: each release in one transaction.

pub mod rows;
pub mod rules;

use async_trait::async_trait;
use contract::{Purpose, learning::v1::FactsReleased};
use events::{Reaction, ReactionError};
use foundation::uuid::Uuid;
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use self::{
    rows::{count, period},
    rules::{Cell, Counted},
};
use crate::cells;

/// Counts what learning tells. Releases commute: how many there are decides when a period is complete, not which comes last.
pub struct CountFacts;

#[async_trait]
impl Reaction<FactsReleased> for CountFacts {
    const NAME: &'static str = "analytics.count-facts";
    const PURPOSE: Purpose = Purpose::Statistics;

    async fn react_in_tx(&self, tx: &Tx, released: FactsReleased) -> Result<(), ReactionError> {
        for counted in rules::read(&released).map_err(ReactionError::Poisoned)? {
            count_in_tx(tx, counted).await?;
        }
        Ok(())
    }
}

async fn count_in_tx(tx: &Tx, counted: Counted) -> Result<(), ReactionError> {
    let mut row = period_in_tx(tx, &counted).await?;
    if row.complete_at.is_some() {
        return Err(ReactionError::Poisoned("its period is complete already"));
    }
    row.counted += 1;
    row.releases = counted.releases.or(row.releases);
    let is_complete = row.releases.is_some_and(|releases| row.counted >= releases);
    row.complete_at = is_complete.then(|| tx.clock().now());
    // First of all: another release of this period waits here, and then comes again.
    tx.update::<period::Entity>(&mut row).await?;
    for (cell, learners) in counted.learners {
        add_in_tx(tx, row.id, cell, learners).await?;
    }
    if is_complete {
        cells::publish_in_tx(tx, &row).await?;
    }
    Ok(())
}

async fn period_in_tx(tx: &Tx, counted: &Counted) -> Result<period::Model, Error> {
    let fresh = period::Model {
        id: rules::period_id(counted.period, &counted.starts_on),
        period: counted.period as i32,
        starts_on: counted.starts_on.clone(),
        counted: 0,
        releases: None,
        complete_at: None,
        version: 0,
    };
    tx.insert_once::<period::Entity>(fresh.clone()).await?;
    Ok(query::anonymous::<period::Entity>().filter(period::Column::Id.eq(fresh.id)).one(tx).await?.unwrap_or(fresh))
}

async fn add_in_tx(tx: &Tx, period: Uuid, cell: Cell, learners: i64) -> Result<(), Error> {
    let id = rules::cell_id(period, &cell);
    if let Some(mut row) = query::anonymous::<count::Entity>().filter(count::Column::Id.eq(id)).one(tx).await? {
        row.learners += learners;
        return tx.update::<count::Entity>(&mut row).await;
    }
    let Cell { measure, course, module, lesson, minutes } = cell;
    let row = count::Model {
        id,
        period_id: period,
        measure,
        course_id: course,
        module_id: module,
        lesson_id: lesson,
        minutes,
        learners,
        version: 0,
    };
    tx.insert::<count::Entity>(row).await
}
