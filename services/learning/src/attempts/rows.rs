//! Tests that a learner has taken.

use foundation::{PersonId, Timestamp};
use personal_data::{JsonValue, PersonalData, Sealed, category, schema};
use sea_orm::entity::prelude::*;

use crate::ids::{AttemptId, CourseId, TestId};

/// One attempt at a test. What was answered is not kept, only which questions were right.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "test_attempt")]
#[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, years = 3), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: AttemptId,
    #[personal(owner)]
    pub learner_id: PersonId,
    #[personal(link)]
    pub course_id: CourseId,
    #[personal(link)]
    pub test_id: TestId,
    #[personal(measure)]
    pub passed: bool,
    /// `rules::Score` as JSON.
    #[personal(result)]
    pub score: Sealed<category::Learning, JsonValue>,
    #[personal(time)]
    pub taken_at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("test_attempt", "id")
        .id("learner_id")
        .id("course_id")
        .id("test_id")
        .flag("passed")
        .bytes("score")
        .time("taken_at")
        .index(&["learner_id", "test_id"])
}
