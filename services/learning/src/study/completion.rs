//! When a course is completed, and what follows in the same transaction.

use std::collections::BTreeSet;

use contract::{Purpose, learning::v1::CourseCompleted};
use events::announce_in_tx;
use foundation::PersonId;
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};

use super::{rows, rules};
use crate::{
    attempts,
    catalogue::Catalogue,
    certificates,
    enrolments::rows::enrolment,
    ids::{AssignmentId, CourseId, LessonId, TestId},
    submissions::rows::submission,
};

/// What a person has done of a course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub lessons: BTreeSet<LessonId>,
    /// Passed, not only taken.
    pub tests: BTreeSet<TestId>,
    /// Answered by an instructor.
    pub assignments: BTreeSet<AssignmentId>,
}

async fn lessons<C: ConnectionTrait>(connection: &C, person: PersonId, course: CourseId) -> Result<BTreeSet<LessonId>, Error> {
    let lessons = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::CourseId.eq(course));
    Ok(lessons.all(connection).await?.into_iter().map(|row| row.lesson_id).collect())
}

pub(crate) async fn done<C: ConnectionTrait>(connection: &C, person: PersonId, course: CourseId) -> Result<Done, Error> {
    let tests = query::of::<attempts::rows::Entity>(person, Purpose::Education)
        .filter(attempts::rows::Column::CourseId.eq(course))
        .filter(attempts::rows::Column::Passed.eq(true));
    let answered = query::of::<submission::Entity>(person, Purpose::Education)
        .filter(submission::Column::CourseId.eq(course))
        .filter(submission::Column::AnsweredAt.is_not_null());
    Ok(Done {
        lessons: lessons(connection, person, course).await?,
        tests: tests.all(connection).await?.into_iter().map(|row| row.test_id).collect(),
        assignments: answered.all(connection).await?.into_iter().map(|row| row.assignment_id).collect(),
    })
}

/// Completes the course, if this transaction did the last that was missing, and issues the certificate. The transaction
/// holds the lock on this person, so that two last steps at once are one after the other.
pub(crate) async fn settle_in_tx(tx: &Tx, catalogue: &Catalogue, mut enrolment: enrolment::Model) -> Result<(), Error> {
    let (learner, course) = (enrolment.learner_id, enrolment.course_id);
    let Some(whole) = catalogue.course(course).filter(|_| enrolment.completed_at.is_none()) else { return Ok(()) };
    // Most steps are not the last: then nothing else has to be looked for.
    if !rules::are_lessons_complete(whole, &lessons(tx, learner, course).await?) {
        return Ok(());
    }
    if !rules::is_complete(whole, &done(tx, learner, course).await?) {
        return Ok(());
    }
    enrolment.completed_at = Some(tx.clock().now());
    tx.update::<enrolment::Entity>(&mut enrolment).await?;
    let event = CourseCompleted {
        enrolment_id: enrolment.id.to_string(),
        learner_id: learner.to_string(),
        course_id: course.to_string(),
        version: enrolment.version,
    };
    announce_in_tx(tx, event).await?;
    certificates::issue_in_tx(tx, &enrolment).await
}
