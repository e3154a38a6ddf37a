//! Reports: published cells as they are, and their sums.

pub mod rpc;
pub mod rules;

use contract::analytics::v1::{Period, trend::Measure};
use foundation::{Refusal, uuid::Uuid};
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use self::rules::{Row, Total};
use crate::{
    cells::rows::{self, Model as Cell},
    counting::rows::period,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

/// Of what a report is wanted.
#[derive(Clone, Debug)]
pub struct Ask {
    pub period: Period,
    pub periods: u32,
    pub until: Option<String>,
    pub course: Option<Uuid>,
}

/// One measure over complete periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// First days, oldest first.
    pub starts_on: Vec<String>,
    pub rows: Vec<Row>,
    pub total: Total,
}

#[derive(Clone)]
pub struct Reports {
    db: Db,
}

impl Reports {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    pub async fn report(&self, measure: Measure, ask: &Ask) -> Result<Report, Error> {
        let starts_on = self.complete(ask).await?;
        let cells = self.cells(Some(measure), ask, &starts_on).await?;
        Ok(Report { total: Total::of(&cells), rows: rules::rows(cells), starts_on })
    }

    /// Every measure, period by period; a period without a cell of a measure is zero there.
    pub async fn trends(&self, ask: &Ask) -> Result<Vec<(Measure, Vec<(String, Total)>)>, Error> {
        let starts_on = self.complete(ask).await?;
        let cells = self.cells(None, ask, &starts_on).await?;
        let of = |measure: Measure, start: &String| {
            let those = cells.iter().filter(|cell| cell.measure == measure as i32 && cell.starts_on == *start);
            (start.clone(), Total::of(those))
        };
        let measures = [Measure::TimeInLessons, Measure::PopularTopics, Measure::Returns];
        Ok(measures.map(|measure| (measure, starts_on.iter().map(|start| of(measure, start)).collect())).into())
    }

    /// The latest complete periods, oldest first. One that is still counted shows nothing.
    async fn complete(&self, ask: &Ask) -> Result<Vec<String>, Error> {
        let mut select = query::anonymous::<period::Entity>()
            .filter(period::Column::Period.eq(ask.period as i32))
            .filter(period::Column::CompleteAt.is_not_null());
        if let Some(until) = &ask.until {
            select = select.filter(period::Column::StartsOn.lte(until));
        }
        let latest = select.order_by_desc(period::Column::StartsOn).limit(u64::from(ask.periods)).all(&self.db).await?;
        Ok(latest.into_iter().rev().map(|row| row.starts_on).collect())
    }

    async fn cells(&self, measure: Option<Measure>, ask: &Ask, starts_on: &[String]) -> Result<Vec<Cell>, Error> {
        let mut select = query::anonymous::<rows::Entity>()
            .filter(rows::Column::Period.eq(ask.period as i32))
            .filter(rows::Column::StartsOn.is_in(starts_on));
        if let Some(measure) = measure {
            select = select.filter(rows::Column::Measure.eq(measure as i32));
        }
        if let Some(course) = ask.course {
            select = select.filter(rows::Column::CourseId.eq(course));
        }
        Ok(select.all(&self.db).await?)
    }
}
