//! Lessons: read by who is enrolled, completed once, and what all of it comes to.

pub(crate) mod completion;
pub mod rows;
pub mod rpc;
pub mod rules;

use contract::Purpose;
use foundation::{PersonId, Refusal};
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    catalogue::{Catalogue, Lesson},
    enrolments, facts,
    ids::{LessonId, ProgressId},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such lesson for this person")]
    NoSuchLesson,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchLesson => Self::not_found("NO_SUCH_LESSON", "there is no such lesson in your courses"),
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

#[derive(Clone)]
pub struct Study {
    db: Db,
    catalogue: Catalogue,
}

impl Study {
    pub fn new(db: Db, catalogue: Catalogue) -> Self {
        Self { db, catalogue }
    }

    /// The lesson, and whether the person has completed it.
    pub async fn lesson(&self, person: PersonId, id: LessonId) -> Result<(&Lesson, bool), Error> {
        let lesson = self.catalogue.lesson(id).ok_or(Error::NoSuchLesson)?;
        enrolments::open_in(&self.db, person, lesson.course).await?.ok_or(Error::NoSuchLesson)?;
        let read = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::LessonId.eq(id));
        Ok((lesson, read.one(&self.db).await?.is_some()))
    }

    /// Completing a lesson twice is completing it once. `minutes` is the start of the class of the time that it took, where it is
    /// known; it goes to the pool of facts alone.
    pub async fn complete(&self, person: PersonId, id: LessonId, minutes: Option<u32>) -> Result<&Lesson, Error> {
        let lesson = self.catalogue.lesson(id).ok_or(Error::NoSuchLesson)?;
        let tx = self.db.begin_for("learning.complete-lesson", person, Purpose::Education).await?;
        let enrolment = enrolments::open_in(&tx, person, lesson.course).await?.ok_or(Error::NoSuchLesson)?;
        let row = rows::Model {
            id: ProgressId::new_v7(),
            learner_id: person,
            course_id: lesson.course,
            lesson_id: id,
            completed_at: tx.clock().now(),
        };
        if !foundation::sabotage::breaks("P04") && tx.insert_once::<rows::Entity>(row).await? {
            completion::settle_in_tx(&tx, &self.catalogue, enrolment).await?;
            facts::completed_in_tx(&tx, &self.catalogue, person, lesson, minutes).await?;
        }
        tx.commit().await?;
        Ok(lesson)
    }
}
