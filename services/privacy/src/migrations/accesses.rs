//! What watches over the access logs: officers, exceptions, reviews, and checkpoints of the chains.

use personal_data::schema::{migration, table};
use sea_orm::{
    DbErr,
    sea_query::{Alias, Index},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

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
pub struct ByTime;

impl MigrationName for ByTime {
    fn name(&self) -> &str {
        "privacy_0061"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ByTime {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index.name("service_access_at_id").table(Alias::new("service_access")).col(Alias::new("at")).col(Alias::new("id"));
        manager.create_index(index).await
    }
}
