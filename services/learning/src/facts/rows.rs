//! The pool of facts, which names nobody, and what keeps a learner from being counted twice in it.

use foundation::{PersonId, typed_id};
use personal_data::{PersonalData, schema};

use crate::ids::{CourseId, LessonId, ModuleId};

typed_id!(
    /// Random: it says neither who nor when.
    FactId
);
typed_id!(ReturnId);

/// A fact that waits until nine others can be told with it.
pub mod fact {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "fact")]
    #[personal(
        none = "that somebody did something with a lesson on a day, without the person, who stands in `fact_learner` until it is told; gone at the latest with its week"
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: FactId,
        /// A [`Kind`](crate::facts::rules::Kind).
        #[personal(code)]
        pub kind: i32,
        #[personal(link)]
        pub course_id: CourseId,
        #[personal(link)]
        pub module_id: ModuleId,
        #[personal(link)]
        pub lesson_id: LessonId,
        /// Time in the lesson, rounded down to the start of its class; none when the learner's client did not tell.
        #[personal(measure)]
        pub minutes: Option<i64>,
        #[personal(plain = "a date")]
        pub day: String,
        #[personal(plain = "the date of the week's Monday")]
        pub week: String,
        /// The widest [`Level`](crate::facts::rules::Level) at which this is its learner's first of the day; 0 at none.
        #[personal(code)]
        pub first_of_day: i32,
        /// The same of the week.
        #[personal(code)]
        pub first_of_week: i32,
    }
}

/// How far a day or a week of facts has been told.
pub mod period {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "fact_period")]
    #[personal(none = "a day or week, and how many releases of facts were made of it")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        /// A [`Span`](crate::facts::rules::Span).
        #[personal(code)]
        pub span: i32,
        #[personal(plain = "a date")]
        pub starts_on: String,
        #[personal(code)]
        pub state: i32,
        #[personal(measure)]
        pub releases: i64,
        #[personal(version)]
        pub version: i64,
    }

    /// More may be told.
    pub const OPEN: i32 = 0;
    /// Everything is told.
    pub const CLOSED: i32 = 1;
    /// A week whose facts the demo school has still to make up.
    pub const AWAITS_DEMO: i32 = 2;
}

/// That a learner came back to a lesson on a day: counted once, forgotten soon.
pub mod lesson_return {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "lesson_return")]
    #[personal(category = Learning, purposes(Statistics, Rights), keep(after = created, at = day, days = 14), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: ReturnId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(link)]
        pub lesson_id: LessonId,
        /// Of the return.
        #[personal(date)]
        pub day: String,
        /// The Monday of that week.
        #[personal(date)]
        pub week: String,
    }
}

/// Whose a fact is while it waits: so that it is held for whom the law holds it, and goes when its learner says so. It goes with
/// the fact, at the latest when the fact is told.
pub mod pooled_for {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "fact_learner")]
    #[personal(category = Learning, purposes(Statistics, Rights), keep(after = created, at = day, days = 14), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub fact_id: FactId,
        #[personal(owner)]
        pub learner_id: PersonId,
        /// Of the fact.
        #[personal(date)]
        pub day: String,
    }

    pub fn tables() -> Vec<schema::Table> {
        vec![schema::table("fact_learner", "fact_id").id("learner_id").text("day").index(&["learner_id"]).index(&["day"])]
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("fact", "id")
            .code("kind")
            .id("course_id")
            .id("module_id")
            .id("lesson_id")
            .optional_number("minutes")
            .text("day")
            .text("week")
            .code("first_of_day")
            .code("first_of_week")
            .index(&["week", "day"]),
        schema::table("fact_period", "id")
            .code("span")
            .text("starts_on")
            .code("state")
            .number("releases")
            .number("version")
            .index(&["state"]),
        schema::table("lesson_return", "id")
            .id("learner_id")
            .id("lesson_id")
            .text("day")
            .text("week")
            .unique(&["learner_id", "lesson_id", "day"])
            .index(&["week"]),
    ]
}
