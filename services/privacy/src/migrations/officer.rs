//! Erasures in rounds: each order of the privacy officer begins a new one.

use sea_orm::{
    DbErr,
    sea_query::{Alias, ColumnDef, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Rounds;

impl MigrationName for Rounds {
    fn name(&self) -> &str {
        "privacy_0002"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Rounds {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What was ordered before belongs to the first round.
        add(manager, "erasure", column("round").big_integer().not_null().default(1)).await?;
        add(manager, "holder_report", column("answers").big_integer().not_null().default(1)).await?;
        add(manager, "erasure", column("resumed_at").big_integer().null()).await?;
        for name in ["silent", "accounted_for", "resolved", "officer_role", "officer_reason"] {
            add(manager, "erasure", column(name).text().null()).await?;
        }
        Ok(())
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: &mut ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await
}
