//! Instructors, and what they answer.

use foundation::{PersonId, Timestamp};
use personal_data::{JsonValue, PersonalData, Sealed, category, schema};

use crate::ids::{FeedbackId, GrantId, SubmissionId};

/// A grant of the role INSTRUCTOR, as identity told it last.
pub mod grant {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "instructor_grant")]
    #[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: GrantId,
        #[personal(owner)]
        pub instructor_id: PersonId,
        #[personal(measure)]
        pub granted: bool,
        #[personal(time)]
        pub until: Option<Timestamp>,
        /// Of identity's grant: an older event changes nothing.
        #[personal(measure)]
        pub seen: i64,
        #[personal(version)]
        pub version: i64,
    }
}

/// An instructor's answer to a photograph.
pub mod feedback {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "feedback")]
    #[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: FeedbackId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(other_person(on_erase = former_staff))]
        pub instructor_id: Option<PersonId>,
        #[personal(link)]
        pub submission_id: SubmissionId,
        #[personal(free_text)]
        pub text: Sealed<category::Learning, str>,
        /// Marks with their texts, as JSON.
        #[personal(document)]
        pub marks: Sealed<category::Learning, JsonValue>,
        /// Points by criterion.
        #[personal(result)]
        pub scores: Sealed<category::Learning, JsonValue>,
        #[personal(time)]
        pub given_at: Timestamp,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("instructor_grant", "id")
            .id("instructor_id")
            .flag("granted")
            .optional_time("until")
            .number("seen")
            .number("version")
            .index(&["instructor_id"]),
        schema::table("feedback", "id")
            .id("learner_id")
            .optional_id("instructor_id")
            .id("submission_id")
            .bytes("text")
            .bytes("marks")
            .bytes("scores")
            .time("given_at")
            .index(&["submission_id"])
            .index(&["learner_id"]),
    ]
}
