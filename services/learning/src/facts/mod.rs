//! Facts for statistics: pooled here without the person, told elsewhere only of ten learners or more.
//!
//! A fact enters the pool in the transaction of what it is about, unless that learner's state or withdrawal forbids statistics. Until it
//! is told it can be taken back; then it belongs to nobody any more and cannot be found. [`release`] tells it.

pub mod calendar;
pub mod demo;
pub mod release;
pub mod rows;
pub mod rules;
#[cfg(test)]
mod tests;
mod withdrawal;

use contract::Purpose;
use foundation::PersonId;
use personal_data::{Db, Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

pub use withdrawal::TakeBack;

use self::{
    calendar::Day,
    rows::{FactId, ReturnId, fact, lesson_return, pooled_for},
    rules::{Kind, Topic},
};
use crate::{
    catalogue::{Catalogue, Lesson},
    ids::LessonId,
    study::rows as progress,
};

#[derive(Clone)]
pub struct Facts {
    db: Db,
    catalogue: Catalogue,
}

impl Facts {
    pub fn new(db: Db, catalogue: Catalogue) -> Self {
        Self { db, catalogue }
    }

    /// A learner opened a lesson. Pools that they came back, once a day, if they had completed it on an earlier day. Answers whether it
    /// did.
    pub async fn opened(&self, person: PersonId, lesson: &Lesson) -> Result<bool, Error> {
        let today = Day::of(self.db.clock().now());
        // Both leave out whoever is restricted or has withdrawn: of them nothing is pooled.
        let completed = query::of::<progress::Entity>(person, Purpose::Statistics).filter(progress::Column::LessonId.eq(lesson.id));
        let is_return = completed.one(&self.db).await?.is_some_and(|row| Day::of(row.completed_at).date < today.date);
        let counted = query::of::<lesson_return::Entity>(person, Purpose::Statistics)
            .filter(lesson_return::Column::LessonId.eq(lesson.id))
            .filter(lesson_return::Column::Day.eq(&today.date));
        if !is_return || counted.one(&self.db).await?.is_some() {
            return Ok(false);
        }
        let tx = self.db.begin("learning.pool-return").await?;
        if !permits(&tx, person).await? {
            return Ok(false);
        }
        let earlier = self.returns_in_tx(&tx, person, &today).await?;
        let row = lesson_return::Model {
            id: ReturnId::new_v7(),
            learner_id: person,
            lesson_id: lesson.id,
            day: today.date.clone(),
            week: today.week.clone(),
        };
        if !tx.insert_once::<lesson_return::Entity>(row).await? {
            return Ok(false);
        }
        pool_in_tx(&tx, person, of(Kind::Returned, lesson.into(), None, &today, &earlier)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn returns_in_tx(&self, tx: &Tx, person: PersonId, today: &Day) -> Result<Vec<(Day, Topic)>, Error> {
        let rows = query::of::<lesson_return::Entity>(person, Purpose::Statistics).filter(lesson_return::Column::Week.eq(&today.week));
        let rows = rows.all(tx).await?.into_iter();
        Ok(rows.filter_map(|row| Some((Day { date: row.day, week: row.week }, topic(&self.catalogue, row.lesson_id)?))).collect())
    }
}

/// A learner completed a lesson, in this transaction and for the first time. `minutes` is the start of a class of
/// [`rules::CLASSES`].
pub(crate) async fn completed_in_tx(
    tx: &Tx,
    catalogue: &Catalogue,
    person: PersonId,
    lesson: &Lesson,
    minutes: Option<u32>,
) -> Result<(), Error> {
    if !permits(tx, person).await? {
        return Ok(());
    }
    let today = Day::of(tx.clock().now());
    let rows = query::of::<progress::Entity>(person, Purpose::Statistics).filter(progress::Column::LessonId.ne(lesson.id));
    let rows = rows.all(tx).await?.into_iter();
    let earlier: Vec<_> = rows.filter_map(|row| Some((Day::of(row.completed_at), topic(catalogue, row.lesson_id)?))).collect();
    pool_in_tx(tx, person, of(Kind::Completed, lesson.into(), minutes, &today, &earlier)).await
}

/// Whose a fact is stands beside it until it is told.
async fn pool_in_tx(tx: &Tx, person: PersonId, fact: fact::Model) -> Result<(), Error> {
    tx.insert::<pooled_for::Entity>(pooled_for::Model { fact_id: fact.id, learner_id: person, day: fact.day.clone() }).await?;
    tx.insert::<fact::Entity>(fact).await
}

/// Whether facts of this person may be pooled at all.
async fn permits(tx: &Tx, person: PersonId) -> Result<bool, Error> {
    match tx.admit(person, Purpose::Statistics).await {
        Ok(()) => Ok(true),
        Err(Error::Restricted | Error::Withdrawn(_) | Error::Erased) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The fact, after the `earlier` ones of its learner: which of them were of this day and week it says, whose they were not.
fn of(kind: Kind, topic: Topic, minutes: Option<u32>, on: &Day, earlier: &[(Day, Topic)]) -> fact::Model {
    let of_day = earlier.iter().filter(|(day, _)| day.date == on.date).map(|(_, topic)| *topic);
    let of_week = earlier.iter().filter(|(day, _)| day.week == on.week).map(|(_, topic)| *topic);
    fact::Model {
        id: FactId::new_v4(),
        kind: kind as i32,
        course_id: topic.course,
        module_id: topic.module,
        lesson_id: topic.lesson,
        minutes: minutes.map(i64::from),
        day: on.date.clone(),
        week: on.week.clone(),
        first_of_day: rules::code(rules::first_at(topic, of_day)),
        first_of_week: rules::code(rules::first_at(topic, of_week)),
    }
}

fn topic(catalogue: &Catalogue, lesson: LessonId) -> Option<Topic> {
    catalogue.lesson(lesson).map(Topic::from)
}
