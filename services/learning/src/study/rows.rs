//! What a learner has read.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};
use sea_orm::entity::prelude::*;

use crate::ids::{CourseId, LessonId, ProgressId};

/// A lesson that a learner has completed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "lesson_progress")]
#[personal(category = Learning, purposes(Education, Statistics, Rights), keep(after = relation_end, years = 3), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: ProgressId,
    #[personal(owner)]
    pub learner_id: PersonId,
    #[personal(link)]
    pub course_id: CourseId,
    #[personal(link)]
    pub lesson_id: LessonId,
    #[personal(time)]
    pub completed_at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("lesson_progress", "id")
        .id("learner_id")
        .id("course_id")
        .id("lesson_id")
        .time("completed_at")
        .unique(&["learner_id", "lesson_id"])
}
