//! States of people, the requests that change them, and objections.

use sea_orm_migration::MigrationTrait;

use crate::{objections, states};

pub fn migration() -> Box<dyn MigrationTrait> {
    personal_data::schema::migration("privacy_0010", || states::rows::tables().into_iter().chain([objections::rows::table()]).collect())
}
