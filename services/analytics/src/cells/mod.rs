//! Cells: what remains of a period once it is complete.

pub mod rows;
pub mod rules;

use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::counting::rows::{count, period};

/// Makes the cells of a complete period and deletes its exact counts. A cell is inserted under an identifier of its own, so that
/// its noise cannot be drawn a second time.
pub(crate) async fn publish_in_tx(tx: &Tx, period: &period::Model) -> Result<(), Error> {
    let counts = query::anonymous::<count::Entity>().filter(count::Column::PeriodId.eq(period.id)).all(tx).await?;
    for count in counts {
        let learners = rules::shown(count.learners, &mut rand::rng());
        let cell = rows::Model {
            id: count.id,
            period: period.period,
            starts_on: period.starts_on.clone(),
            measure: count.measure,
            course_id: count.course_id,
            module_id: count.module_id,
            lesson_id: count.lesson_id,
            minutes: count.minutes,
            learners,
        };
        tx.insert::<rows::Entity>(cell).await?;
        tx.delete::<count::Entity>(&count).await?;
    }
    Ok(())
}
