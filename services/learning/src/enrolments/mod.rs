//! Enrolments: a paid order opens a course, a refund closes it, progress stays.

mod reactions;
pub mod rows;
pub mod rpc;

use contract::Purpose;
use foundation::{PersonId, Refusal};
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder};

pub use reactions::{CloseOnRefund, OpenOnPayment};
use rows::enrolment;

use crate::{
    catalogue::{Catalogue, Course},
    certificates,
    ids::CourseId,
    study::completion::{self, Done},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the person takes no such course")]
    NotEnrolled,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotEnrolled => Self::not_found("NO_SUCH_ENROLMENT", "you take no such course"),
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

/// How far a person is in a course.
pub struct Progress<'a> {
    pub course: &'a Course,
    pub done: Done,
    pub completed: bool,
    pub certificate: Option<String>,
}

#[derive(Clone)]
pub struct Enrolments {
    db: Db,
    catalogue: Catalogue,
}

impl Enrolments {
    pub fn new(db: Db, catalogue: Catalogue) -> Self {
        Self { db, catalogue }
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The person's courses, latest first.
    pub async fn of(&self, person: PersonId) -> Result<Vec<enrolment::Model>, Error> {
        let select = query::of::<enrolment::Entity>(person, Purpose::Education);
        Ok(select.order_by_desc(enrolment::Column::EnrolledAt).all(&self.db).await?)
    }

    /// Closed courses too: progress is never lost.
    pub async fn progress(&self, person: PersonId, course: CourseId) -> Result<Progress<'_>, Error> {
        let course = self.catalogue.course(course).ok_or(Error::NotEnrolled)?;
        let enrolment = of_course(&self.db, person, course.id).await?.ok_or(Error::NotEnrolled)?;
        Ok(Progress {
            course,
            done: completion::done(&self.db, person, course.id).await?,
            completed: enrolment.completed_at.is_some(),
            certificate: certificates::of_enrolment(&self.db, person, enrolment.id).await?.map(|certificate| certificate.number),
        })
    }
}

/// A person's place in a course, open or closed.
pub(crate) async fn of_course<C: ConnectionTrait>(
    connection: &C,
    person: PersonId,
    course: CourseId,
) -> Result<Option<enrolment::Model>, personal_data::Error> {
    let select = query::of::<enrolment::Entity>(person, Purpose::Education).filter(enrolment::Column::CourseId.eq(course));
    Ok(select.one(connection).await?)
}

/// The same, only while it is open.
pub(crate) async fn open_in<C: ConnectionTrait>(
    connection: &C,
    person: PersonId,
    course: CourseId,
) -> Result<Option<enrolment::Model>, personal_data::Error> {
    Ok(of_course(connection, person, course).await?.filter(|enrolment| enrolment.open))
}
