//! What watches over the access logs: officers, exceptions, reviews, and checkpoints of the chains.

use personal_data::schema::{late_index, migration, table};
use sea_orm_migration::MigrationTrait;

use crate::{exceptions, officers, reviews};

pub fn tables() -> Box<dyn MigrationTrait> {
    migration("privacy_0060", || {
        let checkpoint = table("checkpoint", "id")
            .text("service")
            .number("sequence")
            .bytes("hash")
            .text("signature")
            .time("at")
            .index(&["service", "sequence"]);
        [checkpoint, officers::rows::table(), exceptions::rows::table()].into_iter().chain(reviews::rows::tables()).collect()
    })
}

/// Reviews go through the logs by time.
pub fn by_time() -> Box<dyn MigrationTrait> {
    late_index("privacy_0061", "service_access", &["at", "id"])
}
