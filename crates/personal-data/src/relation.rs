//! What retention needs of the table of states: which event of identity's is known, and a way to those whose relation ended.

use sea_orm::{
    DbErr,
    sea_query::{Alias, ColumnDef, Index, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub(crate) struct Relation;

impl MigrationName for Relation {
    fn name(&self) -> &str {
        "personal_data_0003"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Relation {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Alias::new("person_state");
        let mut seen = ColumnDef::new(Alias::new("relation_seen"));
        seen.big_integer().not_null().default(0);
        manager.alter_table(Table::alter().table(table.clone()).add_column(&mut seen).to_owned()).await?;
        let ended = Index::create().name("person_state_relation_end").table(table).col(Alias::new("relation_end")).to_owned();
        manager.create_index(ended).await
    }
}
