//! Photographs on their way in, and photographs that are in.

use foundation::{PersonId, Timestamp};
use personal_data::{JsonValue, PersonalData, Sealed, category, schema};

use crate::ids::{AssignmentId, CourseId, SubmissionId, UploadId};

/// An upload that was prepared and is no submission yet. Its row also stands for every object that may have been made of
/// it: erasing it removes them.
pub mod upload {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "upload")]
    #[personal(category = Learning, purposes(Education, Rights), keep(after = ended, at = expires_at, days = 1), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: UploadId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(link)]
        pub assignment_id: AssignmentId,
        #[personal(object = "incoming")]
        pub incoming: String,
        /// As announced; the store takes exactly so many.
        #[personal(measure)]
        pub size_bytes: i64,
        #[personal(time)]
        pub expires_at: Timestamp,
        /// Until when one call has it in work.
        #[personal(time)]
        pub taken_until: Option<Timestamp>,
        /// Why it was refused; 0 when it was not.
        #[personal(code)]
        pub refused: i32,
        #[personal(version)]
        pub version: i64,
    }
}

/// A photograph sent in for review.
pub mod submission {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "submission")]
    #[personal(category = Learning, purposes(Education, Publication, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: SubmissionId,
        #[personal(owner)]
        pub learner_id: PersonId,
        #[personal(link)]
        pub course_id: CourseId,
        #[personal(link)]
        pub assignment_id: AssignmentId,
        #[personal(free_text)]
        pub note: Option<Sealed<category::Learning, str>>,
        /// Size and exposure of the photograph, as JSON; never a place, a serial number or a name.
        #[personal(document)]
        pub details: Sealed<category::Learning, JsonValue>,
        /// As it was sent.
        #[personal(object = "originals")]
        pub original: String,
        /// Upright and without metadata: in full size, at most 2048 and at most 512 pixels a side.
        #[personal(object = "renditions")]
        pub full: String,
        #[personal(object = "renditions")]
        pub large: String,
        #[personal(object = "renditions")]
        pub small: String,
        #[personal(time)]
        pub sent_at: Timestamp,
        #[personal(time)]
        pub answered_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("upload", "id")
            .id("learner_id")
            .id("assignment_id")
            .text("incoming")
            .number("size_bytes")
            .time("expires_at")
            .optional_time("taken_until")
            .code("refused")
            .number("version")
            .index(&["learner_id"])
            .index(&["expires_at"]),
        schema::table("submission", "id")
            .id("learner_id")
            .id("course_id")
            .id("assignment_id")
            .optional_bytes("note")
            .bytes("details")
            .text("original")
            .text("full")
            .text("large")
            .text("small")
            .time("sent_at")
            .optional_time("answered_at")
            .number("version")
            .index(&["learner_id", "assignment_id"])
            .index(&["answered_at", "sent_at"]),
    ]
}
