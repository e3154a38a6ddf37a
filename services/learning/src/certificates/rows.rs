//! Certificates of completed courses.

use foundation::{PersonId, Timestamp};
use personal_data::{PersonalData, schema};
use sea_orm::entity::prelude::*;

use crate::ids::{CertificateId, CourseId, EnrolmentId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "certificate")]
#[personal(category = Certificate, purposes(Education, Publication, Rights), keep(after = relation_end, years = 3), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: CertificateId,
    #[personal(owner)]
    pub learner_id: PersonId,
    #[personal(link)]
    pub enrolment_id: EnrolmentId,
    #[personal(link)]
    pub course_id: CourseId,
    #[personal(plain = "a random number made to be shown; it tells nothing of its holder")]
    pub number: String,
    #[personal(time)]
    pub issued_at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("certificate", "id")
        .id("learner_id")
        .id("enrolment_id")
        .id("course_id")
        .text("number")
        .time("issued_at")
        .unique(&["number"])
        .unique(&["enrolment_id"])
        .index(&["learner_id"])
}
