//! Erasures that wait, and what a law keeps after one.

use personal_data::schema::migration;
use sea_orm::{
    DbErr,
    sea_query::{Alias, ColumnDef, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::erasures::kept;

pub fn kept_items() -> Box<dyn MigrationTrait> {
    migration("privacy_kept_items", || vec![kept::table()])
}

pub struct Waiting;

impl MigrationName for Waiting {
    fn name(&self) -> &str {
        "privacy_waiting_erasures"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Waiting {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = |name: &'static str| ColumnDef::new(Alias::new(name));
        for mut added in [
            column("acts_at").big_integer().not_null().default(0).to_owned(),
            column("without_copy").boolean().not_null().default(false).to_owned(),
            // What was ordered before began as it was ordered.
            column("begun_at").big_integer().null().to_owned(),
        ] {
            manager.alter_table(Table::alter().table(Alias::new("erasure")).add_column(&mut added).to_owned()).await?;
        }
        let mut expired_at = column("expired_at").big_integer().null().to_owned();
        manager.alter_table(Table::alter().table(Alias::new("holder_report")).add_column(&mut expired_at).to_owned()).await
    }
}
