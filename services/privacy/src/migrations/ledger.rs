//! The ledger of consents with the eight things of the law, append-only in the database itself.

use personal_data::schema::{migration, table};
use sea_orm::{
    DbErr,
    sea_query::{Alias, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Ledger;

impl MigrationName for Ledger {
    fn name(&self) -> &str {
        "privacy_0020"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Ledger {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What was recorded before named neither the person nor the conditions: by the law it was no consent. Whoever has none
        // is asked anew.
        manager.drop_table(Table::drop().table(Alias::new("consent")).to_owned()).await?;
        let tables = migration("privacy_0020", || {
            vec![
                table("consent", "id")
                    .id("person")
                    .code("purpose")
                    .text("operator_name")
                    .text("operator_bin")
                    .bytes("full_name")
                    .text("term")
                    .text("third_parties")
                    .text("cross_border")
                    .text("publication")
                    .text("data_list")
                    .text("other")
                    .text("text_version")
                    .text("text_hash")
                    .text("language")
                    .code("method")
                    .optional_id("about")
                    .time("given_at")
                    .check("length(trim(operator_name)) > 0")
                    .check("length(operator_bin) = 12")
                    .check("length(full_name) > 0")
                    .check("length(trim(term)) > 0")
                    .check("length(trim(third_parties)) > 0")
                    .check("length(trim(cross_border)) > 0")
                    .check("length(trim(publication)) > 0")
                    .check("length(trim(data_list)) > 0")
                    .check("length(trim(other)) > 0")
                    .check("length(trim(text_version)) > 0")
                    .check("length(text_hash) = 64")
                    .check("language in ('ru', 'kk', 'en')")
                    .index(&["person"])
                    .index(&["purpose", "language", "id"])
                    .append_only("id"),
                table("consent_withdrawal", "id")
                    .id("person")
                    .id("consent")
                    .time("withdrawn_at")
                    .unique(&["consent"])
                    .index(&["person"])
                    .append_only("id"),
                table("consent_text", "id")
                    .code("purpose")
                    .text("language")
                    .text("version")
                    .text("hash")
                    .text("text")
                    .text("operator_name")
                    .text("operator_bin")
                    .time("published_at")
                    .flag("told")
                    .optional_id("cursor")
                    .number("row_version"),
            ]
        });
        tables.up(manager).await
    }
}
