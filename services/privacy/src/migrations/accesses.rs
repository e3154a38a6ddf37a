//! What watches over the access logs: officers, exceptions, reviews, and checkpoints of the chains.

use personal_data::schema::{late_index, migration, table};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, ColumnDef, Expr, Index, Query, Table},
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

/// Reviews went through the logs by time; `by_arrival` came in its place.
pub fn by_time() -> Box<dyn MigrationTrait> {
    late_index("privacy_0061", "service_access", &["at", "id"])
}

/// When each record was handed over. What was there before counts as taken when it was written.
pub struct TakenAt;

impl MigrationName for TakenAt {
    fn name(&self) -> &str {
        "privacy_0062"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TakenAt {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (table, taken, at) = (Alias::new("service_access"), Alias::new("taken_at"), Alias::new("at"));
        let mut column = ColumnDef::new(taken.clone());
        column.big_integer().not_null().default(0);
        manager.alter_table(Table::alter().table(table.clone()).add_column(&mut column).to_owned()).await?;
        manager.get_connection().execute(Query::update().table(table).value(taken, Expr::col(at))).await?;
        manager.drop_index(Index::drop().name("service_access_at_id").table(Alias::new("service_access")).to_owned()).await
    }
}

/// Reviews go through the logs by arrival.
pub fn by_arrival() -> Box<dyn MigrationTrait> {
    late_index("privacy_0063", "service_access", &["taken_at", "id"])
}
