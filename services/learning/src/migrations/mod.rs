//! The schema of learning's database.

use personal_data::schema;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{attempts, certificates, enrolments, facts, publications, study, submissions, teaching};

/// The entities of learning's own tables: what it holds about people.
pub type Tables = (
    enrolments::rows::enrolment::Entity,
    enrolments::rows::order::Entity,
    study::rows::Entity,
    attempts::rows::Entity,
    submissions::rows::upload::Entity,
    submissions::rows::submission::Entity,
    teaching::rows::grant::Entity,
    teaching::rows::feedback::Entity,
    certificates::rows::Entity,
    publications::rows::Entity,
    facts::rows::fact::Entity,
    facts::rows::period::Entity,
    facts::rows::lesson_return::Entity,
    facts::rows::pooled_for::Entity,
);

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("learning_0001", || {
            let mut tables = enrolments::rows::tables();
            tables.push(study::rows::table());
            tables.push(attempts::rows::table());
            tables.extend(submissions::rows::tables());
            tables.extend(teaching::rows::tables());
            tables.push(certificates::rows::table());
            tables
        }));
        all.push(schema::migration("learning_0002", facts::rows::tables));
        all.push(schema::migration("learning_0003", publications::rows::tables));
        all.push(schema::migration("learning_0004", facts::rows::pooled_for::tables));
        // Whether a submission still names an object.
        all.push(schema::late_index("learning_0005", "submission", &["original"]));
        all.push(schema::late_index("learning_0006", "submission", &["full"]));
        all.push(schema::late_index("learning_0007", "submission", &["large"]));
        all.push(schema::late_index("learning_0008", "submission", &["small"]));
        all
    }
}
