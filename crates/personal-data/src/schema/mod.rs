//! Tables as migrations write them: the same words on SQLite and PostgreSQL.

pub(crate) mod index;

use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, ColumnDef, Table as CreateTable, TableCreateStatement},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub use index::late_index;

use crate::retention::ticket;

/// A table to create. Column order is the order of the calls.
pub struct Table {
    name: &'static str,
    create: TableCreateStatement,
    indexes: Vec<(Vec<&'static str>, bool)>,
    append_only: Option<&'static str>,
}

/// Starts a table whose key is a 16-byte identifier.
pub fn table(name: &'static str, key: &'static str) -> Table {
    bare(name).column(key, |c| c.uuid().primary_key())
}

/// Starts a table without a key column; the caller adds one.
pub fn bare(name: &'static str) -> Table {
    let mut create = CreateTable::create();
    create.table(Alias::new(name));
    Table { name, create, indexes: Vec::new(), append_only: None }
}

impl Table {
    fn column(mut self, name: &'static str, kind: impl FnOnce(&mut ColumnDef) -> &mut ColumnDef) -> Self {
        let mut column = ColumnDef::new(Alias::new(name));
        kind(&mut column);
        self.create.col(column);
        self
    }

    pub fn number_key(self, name: &'static str) -> Self {
        self.column(name, |c| c.big_integer().not_null().primary_key())
    }

    pub fn id(self, name: &'static str) -> Self {
        self.column(name, |c| c.uuid().not_null())
    }

    pub fn optional_id(self, name: &'static str) -> Self {
        self.column(name, |c| c.uuid().null())
    }

    /// Sealed values, hashes, blind indexes, payloads.
    pub fn bytes(self, name: &'static str) -> Self {
        self.column(name, |c| c.blob().not_null())
    }

    pub fn optional_bytes(self, name: &'static str) -> Self {
        self.column(name, |c| c.blob().null())
    }

    pub fn text(self, name: &'static str) -> Self {
        self.column(name, |c| c.text().not_null())
    }

    pub fn optional_text(self, name: &'static str) -> Self {
        self.column(name, |c| c.text().null())
    }

    /// Codes of closed lists and small counts.
    pub fn code(self, name: &'static str) -> Self {
        self.column(name, |c| c.integer().not_null())
    }

    /// Sums, versions, sequence numbers.
    pub fn number(self, name: &'static str) -> Self {
        self.column(name, |c| c.big_integer().not_null())
    }

    pub fn optional_number(self, name: &'static str) -> Self {
        self.column(name, |c| c.big_integer().null())
    }

    pub fn flag(self, name: &'static str) -> Self {
        self.column(name, |c| c.boolean().not_null())
    }

    /// UTC microseconds.
    pub fn time(self, name: &'static str) -> Self {
        self.number(name)
    }

    pub fn optional_time(self, name: &'static str) -> Self {
        self.optional_number(name)
    }

    pub fn index(mut self, columns: &[&'static str]) -> Self {
        self.indexes.push((columns.to_vec(), false));
        self
    }

    pub fn unique(mut self, columns: &[&'static str]) -> Self {
        self.indexes.push((columns.to_vec(), true));
        self
    }

    /// What the database itself demands of every row, as SQL that both engines read alike.
    pub fn check(mut self, condition: &'static str) -> Self {
        self.create.check(sea_orm::sea_query::Expr::cust(condition));
        self
    }

    /// The database refuses changes, and deletions without a ticket for the row's key ([`crate::retention::ticket`]). The row
    /// says `append_only` too.
    pub fn append_only(mut self, key: &'static str) -> Self {
        self.append_only = Some(key);
        self
    }

    async fn up(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.create_table(self.create).await?;
        for (columns, unique) in self.indexes {
            let mut index = index::of(self.name, &columns);
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        for trigger in self.append_only.iter().flat_map(|key| ticket::triggers(manager.get_database_backend(), self.name, key)) {
            manager.get_connection().execute_unprepared(&trigger).await?;
        }
        Ok(())
    }
}

struct Tables {
    name: &'static str,
    tables: fn() -> Vec<Table>,
}

/// A migration that creates tables, in one transaction on both engines.
pub fn migration(name: &'static str, tables: fn() -> Vec<Table>) -> Box<dyn MigrationTrait> {
    Box::new(Tables { name, tables })
}

impl MigrationName for Tables {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in (self.tables)() {
            table.up(manager).await?;
        }
        Ok(())
    }
}
