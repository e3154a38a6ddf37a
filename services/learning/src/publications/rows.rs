//! What learners show to whom.

use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{JsonValue, PersonalData, Sealed, category, schema};
use sea_orm::entity::prelude::*;

use crate::ids::{ConsentId, CourseId, PublicationId};

/// One work, or one certificate, shown to one audience, by the consent that the ledger of consents has. Taking it back deletes it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "publication")]
#[personal(category = Learning, purposes(Publication, Rights), keep(after = relation_end, days = 30), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: PublicationId,
    #[personal(owner)]
    pub learner_id: PersonId,
    /// The submission or the certificate.
    #[personal(link)]
    pub work_id: Uuid,
    #[personal(link)]
    pub course_id: CourseId,
    #[personal(code)]
    pub audience: i32,
    #[personal(free_text)]
    pub title: Option<Sealed<category::Learning, str>>,
    /// The name under which it is shown, as its learner wrote it for this; none shows none.
    #[personal(free_text)]
    pub signed_as: Option<Sealed<category::Learning, str>>,
    /// How many people can be recognised on it, and when and how each of them agreed; as JSON.
    #[personal(document)]
    pub portraits: Sealed<category::Learning, JsonValue>,
    #[personal(link)]
    pub consent_id: ConsentId,
    #[personal(time)]
    pub asked_at: Timestamp,
    /// When the ledger had the consent. Before that nobody is shown it.
    #[personal(time)]
    pub recorded_at: Option<Timestamp>,
    /// Of the person's state by which it was published: what is taken back later ends it.
    #[personal(measure)]
    pub state_seen: i64,
    #[personal(version)]
    pub version: i64,
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("publication", "id")
            .id("learner_id")
            .id("work_id")
            .id("course_id")
            .code("audience")
            .optional_bytes("title")
            .optional_bytes("signed_as")
            .bytes("portraits")
            .id("consent_id")
            .time("asked_at")
            .optional_time("recorded_at")
            .number("state_seen")
            .number("version")
            .unique(&["work_id", "audience"])
            .unique(&["consent_id"])
            .index(&["learner_id"])
            .index(&["course_id", "audience", "asked_at"]),
    ]
}
