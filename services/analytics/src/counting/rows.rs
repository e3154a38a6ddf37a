//! What is being counted: exact numbers, for as long as their period is not complete.

use foundation::Timestamp;
use personal_data::{PersonalData, schema};

/// The exact count of one cell. Deleted in the transaction that publishes the cell.
pub mod count {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "count")]
    #[personal(none = "how many learners did the same, told by their source of ten or more together; gone when its period is complete")]
    pub struct Model {
        /// That of the cell.
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub period_id: Uuid,
        #[personal(code)]
        pub measure: i32,
        #[personal(link)]
        pub course_id: Option<Uuid>,
        #[personal(link)]
        pub module_id: Option<Uuid>,
        #[personal(link)]
        pub lesson_id: Option<Uuid>,
        #[personal(measure)]
        pub minutes: Option<i64>,
        #[personal(measure)]
        pub learners: i64,
        #[personal(version)]
        pub version: i64,
    }
}

/// A day or a week, and how many of its releases have been counted.
pub mod period {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "period")]
    #[personal(none = "a day or a week, and how far it is counted")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        /// A `kolsai.analytics.v1.Period`.
        #[personal(code)]
        pub period: i32,
        #[personal(plain = "a date")]
        pub starts_on: String,
        #[personal(measure)]
        pub counted: i64,
        /// Known when its last release has come.
        #[personal(measure)]
        pub releases: Option<i64>,
        #[personal(time)]
        pub complete_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("count", "id")
            .id("period_id")
            .code("measure")
            .optional_id("course_id")
            .optional_id("module_id")
            .optional_id("lesson_id")
            .optional_number("minutes")
            .number("learners")
            .number("version")
            .index(&["period_id"]),
        schema::table("period", "id")
            .code("period")
            .text("starts_on")
            .number("counted")
            .optional_number("releases")
            .optional_time("complete_at")
            .number("version")
            .index(&["period", "starts_on"]),
    ]
}
