//! Who takes which course.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};

use crate::ids::{CourseId, EnrolmentId, OrderId};

/// A person's place in a course.
pub mod enrolment {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "enrolment")]
    #[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: EnrolmentId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(link)]
        pub course_id: CourseId,
        /// Who reads this learner's work; nobody until there is somebody.
        #[personal(other_person(on_erase = former_staff))]
        pub instructor_id: Option<PersonId>,
        /// Whether a paid order opens the course now.
        #[personal(measure)]
        pub open: bool,
        #[personal(time)]
        pub enrolled_at: Timestamp,
        #[personal(time)]
        pub completed_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

/// What payment said last about one order: it opens a course or no longer does.
pub mod order {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "course_order")]
    #[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: OrderId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(link)]
        pub course_id: CourseId,
        #[personal(measure)]
        pub paid: bool,
        /// Of payment's order: an older event changes nothing.
        #[personal(measure)]
        pub seen: i64,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("enrolment", "id")
            .id("learner_id")
            .id("course_id")
            .optional_id("instructor_id")
            .flag("open")
            .time("enrolled_at")
            .optional_time("completed_at")
            .number("version")
            .unique(&["learner_id", "course_id"])
            .index(&["instructor_id"]),
        schema::table("course_order", "id")
            .id("learner_id")
            .id("course_id")
            .flag("paid")
            .number("seen")
            .number("version")
            .index(&["learner_id", "course_id"]),
    ]
}
