//! Photographs: uploaded, taken in, sealed, shown to their learner and to the instructor.

mod error;
mod held;
mod names;
mod orphans;
mod photographs;
pub mod rows;
pub mod rpc;
pub mod rules;
mod stores;
mod submit;
mod sweep;
mod upload;

use contract::Purpose;
use foundation::PersonId;
use objects::Objects;
use personal_data::{Db, keys::Keys, query};
use sea_orm::{ColumnTrait, ConnectionTrait, PaginatorTrait, QueryFilter, QueryOrder};
use tokio::sync::Semaphore;

pub use error::Error;
pub use held::Held;
pub use photographs::{Opened, Photographs, Size};
pub use stores::STORES;
pub use submit::SendIn;
pub use upload::{PrepareUpload, Prepared};

use crate::{
    catalogue::{Assignment, Catalogue},
    config::Config,
    enrolments,
    ids::{AssignmentId, CourseId, SubmissionId},
};
use rows::submission;

#[derive(Clone)]
pub struct Submissions {
    db: Db,
    keys: Keys,
    objects: Objects,
    catalogue: Catalogue,
    config: Config,
    /// Decoding takes much memory: no more than so many at once.
    decoding: std::sync::Arc<Semaphore>,
}

impl Submissions {
    pub fn new(db: Db, keys: Keys, objects: Objects, catalogue: Catalogue, config: Config) -> Self {
        let decoding = std::sync::Arc::new(Semaphore::new(config.decode_at_once));
        Self { db, keys, objects, catalogue, config, decoding }
    }

    /// The assignment, for a person who takes its course.
    pub async fn assignment(&self, person: PersonId, id: AssignmentId) -> Result<&Assignment, Error> {
        self.assignment_for(&self.db, person, id).await
    }

    async fn assignment_for<C: ConnectionTrait>(&self, connection: &C, person: PersonId, id: AssignmentId) -> Result<&Assignment, Error> {
        let assignment = self.catalogue.assignment(id).ok_or(Error::NoSuchAssignment)?;
        enrolments::open_in(connection, person, assignment.course).await?.ok_or(Error::NoSuchAssignment)?;
        Ok(assignment)
    }

    /// Whether the person may send one more photograph for this assignment.
    async fn may_send<C: ConnectionTrait>(&self, connection: &C, person: PersonId, assignment: &Assignment) -> Result<(), Error> {
        let sent = query::of::<submission::Entity>(person, Purpose::Education)
            .filter(submission::Column::AssignmentId.eq(assignment.id))
            .count(connection)
            .await?;
        if sent < u64::from(assignment.photographs) { Ok(()) } else { Err(Error::Enough(assignment.photographs)) }
    }

    /// The person's own submission.
    pub async fn own(&self, person: PersonId, id: SubmissionId) -> Result<submission::Model, Error> {
        own(&self.db, person, id).await?.ok_or(Error::NoSuchSubmission)
    }

    /// The person's submissions, of one course or all, latest first.
    pub async fn of(&self, person: PersonId, course: Option<CourseId>) -> Result<Vec<submission::Model>, Error> {
        let mut select = query::of::<submission::Entity>(person, Purpose::Education).order_by_desc(submission::Column::SentAt);
        if let Some(course) = course {
            select = select.filter(submission::Column::CourseId.eq(course));
        }
        Ok(select.all(&self.db).await?)
    }
}

async fn own<C: ConnectionTrait>(connection: &C, person: PersonId, id: SubmissionId) -> Result<Option<submission::Model>, Error> {
    let select = query::of::<submission::Entity>(person, Purpose::Education).filter(submission::Column::Id.eq(id));
    Ok(select.one(connection).await?)
}
