//! Who may teach, who teaches whom, and the tie TEACHES.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contract::{Purpose, Tie};
use foundation::{PersonId, Refusal, Timestamp};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, QueryFilter, QuerySelect};
use service::Ties;

use super::{rows::grant, rules};
use crate::{enrolments::rows::enrolment, ids::EnrolmentId};

/// Enrolments that one round of assigning takes on.
const ROUND: u64 = 100;

/// Instructors, and how many open and uncompleted enrolments each has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load(pub(super) BTreeMap<PersonId, i64>);

impl Load {
    /// As it is at the clock of this transaction.
    pub async fn read(tx: &personal_data::Tx) -> Result<Self, Error> {
        Self::at(tx, tx.clock().now()).await
    }

    async fn at<C: ConnectionTrait>(connection: &C, now: Timestamp) -> Result<Self, Error> {
        let mut load: BTreeMap<_, _> = active(connection, now).await?.into_iter().map(|person| (person, 0)).collect();
        if load.is_empty() {
            return Ok(Self(load));
        }
        let busy = query::across::<enrolment::Entity>(Purpose::Education)
            .filter(enrolment::Column::Open.eq(true))
            .filter(enrolment::Column::CompletedAt.is_null())
            .filter(enrolment::Column::InstructorId.is_in(load.keys().copied()))
            .select_only()
            .column(enrolment::Column::InstructorId)
            .column_as(enrolment::Column::Id.count(), "learners")
            .group_by(enrolment::Column::InstructorId);
        for (instructor, learners) in busy.into_tuple::<(PersonId, i64)>().all(connection).await? {
            load.insert(instructor, learners);
        }
        Ok(Self(load))
    }

    /// Who has the fewest learners, and is not this learner.
    pub fn fewest(&self, learner: PersonId) -> Option<PersonId> {
        rules::fewest(&self.0, learner)
    }
}

/// Everybody with a grant of the role that holds now.
async fn active<C: ConnectionTrait>(connection: &C, now: Timestamp) -> Result<BTreeSet<PersonId>, Error> {
    let grants = holding(now);
    Ok(grants.all(connection).await?.into_iter().map(|grant| grant.instructor_id).collect())
}

fn holding(now: Timestamp) -> sea_orm::Select<grant::Entity> {
    let lasting = Condition::any().add(grant::Column::Until.is_null()).add(grant::Column::Until.gt(now));
    query::across::<grant::Entity>(Purpose::Education).filter(grant::Column::Granted.eq(true)).filter(lasting)
}

/// Instructors and their learners.
#[derive(Clone)]
pub struct Instructors {
    db: Db,
}

impl Instructors {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    pub async fn is_instructor(&self, person: PersonId) -> Result<bool, Error> {
        let grants = holding(self.db.clock().now()).filter(grant::Column::InstructorId.eq(person));
        Ok(grants.one(&self.db).await?.is_some())
    }

    pub async fn enrolment(&self, id: EnrolmentId) -> Result<Option<enrolment::Model>, Error> {
        // Whose it is, for the caller to be refused in words: what is written is written for education.
        Ok(query::by_key::<enrolment::Entity>(id, Purpose::Security).one(&self.db).await?)
    }

    /// Gives an enrolment to this instructor.
    pub async fn assign(&self, mut row: enrolment::Model, instructor: PersonId) -> Result<(), Error> {
        if row.instructor_id == Some(instructor) {
            return Ok(());
        }
        let tx = self.db.begin_for("learning.assign-instructor", row.learner_id, Purpose::Education).await?;
        row.instructor_id = Some(instructor);
        tx.update::<enrolment::Entity>(&mut row).await?;
        tx.commit().await
    }

    /// Gives every open enrolment without an instructor, or whose instructor no longer is one, to who has the fewest
    /// learners. Answers how many it gave.
    pub async fn assign_waiting(&self) -> Result<usize, Error> {
        let mut load = Load::at(&self.db, self.db.clock().now()).await?;
        if load.0.is_empty() {
            return Ok(0);
        }
        let nobody = Condition::any()
            .add(enrolment::Column::InstructorId.is_null())
            .add(enrolment::Column::InstructorId.is_not_in(load.0.keys().copied()));
        let waiting = query::across::<enrolment::Entity>(Purpose::Education).filter(enrolment::Column::Open.eq(true)).filter(nobody);
        let mut given = 0;
        for row in waiting.limit(ROUND).all(&self.db).await? {
            let Some(instructor) = load.fewest(row.learner_id) else { continue };
            match self.assign(row, instructor).await {
                Ok(()) => {
                    *load.0.entry(instructor).or_default() += 1;
                    given += 1;
                }
                // Changed by somebody else, or restricted meanwhile: the next round sees what is left to do.
                Err(Error::Changed(_) | Error::Restricted | Error::Withdrawn(_) | Error::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(given)
    }
}

#[async_trait]
impl Ties for Instructors {
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        if tie != Tie::Teaches || !self.is_instructor(staff).await? {
            return Ok(false);
        }
        let select = query::of::<enrolment::Entity>(person, Purpose::Security)
            .filter(enrolment::Column::InstructorId.eq(staff))
            .filter(enrolment::Column::Open.eq(true));
        Ok(select.one(&self.db).await.map_err(Error::from)?.is_some())
    }
}
