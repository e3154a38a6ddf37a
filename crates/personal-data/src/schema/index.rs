//! Indexes: made at once on what is small, and beside those who write on what is large.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Statement,
    sea_query::{Alias, Index, IndexCreateStatement},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Up to this size an index is made while writers wait: it takes less than a second. Larger tables take writes meanwhile.
const LARGE_BYTES: i64 = 8 * 1024 * 1024;

struct LateIndex {
    name: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
}

/// A migration that adds an index to a table of an earlier one, beside versions that are at work on it.
pub fn late_index(name: &'static str, table: &'static str, columns: &'static [&'static str]) -> Box<dyn MigrationTrait> {
    Box::new(LateIndex { name, table, columns })
}

fn name(table: &str, columns: &[&'static str]) -> String {
    format!("{table}_{}", columns.join("_"))
}

pub(super) fn of(table: &str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name(table, columns)).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index.to_owned()
}

impl MigrationName for LateIndex {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LateIndex {
    /// PostgreSQL makes an index beside writers only outside of a transaction; making one twice is making it once.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if is_large(connection, self.table).await? {
            let columns: Vec<_> = self.columns.iter().map(|column| format!(r#""{column}""#)).collect();
            return beside_writers(connection, &name(self.table, self.columns), self.table, &format!("({})", columns.join(", "))).await;
        }
        manager.create_index(of(self.table, self.columns).if_not_exists().to_owned()).await
    }
}

/// Whether the table is so large that its writers would notice. SQLite has one writer anyway.
pub(crate) async fn is_large<C: ConnectionTrait>(connection: &C, table: &str) -> Result<bool, DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let sql = format!(r#"SELECT pg_relation_size('"{table}"'::regclass) AS n"#);
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let bytes: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(bytes > LARGE_BYTES)
}

/// Makes an index while others write; PostgreSQL only, outside of any transaction. `over` is its columns and which rows, as SQL.
pub(crate) async fn beside_writers<C: ConnectionTrait>(connection: &C, name: &str, table: &str, over: &str) -> Result<(), DbErr> {
    // One whose making broke off is in the way of the next.
    let broken = format!(r#"SELECT count(*) AS n FROM pg_index WHERE indexrelid = to_regclass('"{name}"') AND NOT indisvalid"#);
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, broken)).await?;
    let broken: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    // It waits for transactions that began before it, and holds up nobody meanwhile.
    connection.execute_unprepared("SET lock_timeout = 0").await?;
    if broken > 0 {
        connection.execute_unprepared(&format!(r#"DROP INDEX CONCURRENTLY "{name}""#)).await?;
    }
    let sql = format!(r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}" ON "{table}" {over}"#);
    let made = connection.execute_unprepared(&sql).await;
    connection.execute_unprepared("RESET lock_timeout").await?;
    made.map(drop)
}
