//! What is published of a complete period.

use foundation::uuid::Uuid;
use personal_data::{PersonalData, schema};
use sea_orm::entity::prelude::*;

/// One cell, final: never written twice, never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "cell")]
#[personal(none = "a number of ten learners or more with noise, or that they were too few")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    /// A `kolsai.analytics.v1.Period`.
    #[personal(code)]
    pub period: i32,
    #[personal(plain = "a date")]
    pub starts_on: String,
    /// A `kolsai.analytics.v1.Trend.Measure`.
    #[personal(code)]
    pub measure: i32,
    #[personal(link)]
    pub course_id: Option<Uuid>,
    #[personal(link)]
    pub module_id: Option<Uuid>,
    #[personal(link)]
    pub lesson_id: Option<Uuid>,
    /// Of time in lessons: where the class of minutes starts.
    #[personal(measure)]
    pub minutes: Option<i64>,
    /// With noise; none in a hidden cell.
    #[personal(measure)]
    pub learners: Option<i64>,
}

pub(crate) fn table() -> schema::Table {
    schema::table("cell", "id")
        .code("period")
        .text("starts_on")
        .code("measure")
        .optional_id("course_id")
        .optional_id("module_id")
        .optional_id("lesson_id")
        .optional_number("minutes")
        .optional_number("learners")
        .index(&["period", "measure", "starts_on"])
}
