//! The databases of a school, read from outside while it runs or after it stopped.

use std::path::Path;

use anyhow::{Context, Result};
use sea_orm::{ConnectOptions, ConnectionTrait, Database as Connect, DatabaseConnection, DbBackend, QueryResult, Statement};

/// One service's SQLite file. A crash is looked for in what is really there: the map may not stand in between.
pub struct Database {
    pub service: String,
    connection: DatabaseConnection,
}

impl Database {
    /// Every database in a data folder.
    pub async fn all(data: &Path) -> Result<Vec<Self>> {
        let mut files: Vec<_> = std::fs::read_dir(data)?.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "sqlite"));
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
            options.max_connections(1).sqlx_logging(false);
            let service = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            all.push(Self { service, connection: Connect::connect(options).await.with_context(|| file.display().to_string())? });
        }
        Ok(all)
    }

    pub async fn one(data: &Path, service: &str) -> Result<Self> {
        let found = Self::all(data).await?.into_iter().find(|database| database.service == service);
        found.with_context(|| format!("{service} has no database"))
    }

    pub async fn rows(&self, sql: &str) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        self.connection.query_all_raw(statement).await.with_context(|| format!("{}: {sql}", self.service))
    }

    /// The first column of the first row; zero without one.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        self.rows(sql).await?.first().map_or(Ok(0), |row| Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or_default()))
    }

    pub async fn tables(&self) -> Result<Vec<String>> {
        let rows = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    pub async fn has(&self, table: &str) -> Result<bool> {
        Ok(self.tables().await?.iter().any(|name| name == table))
    }
}

/// An identifier as SQL writes it.
pub fn blob(id: &str) -> Result<String> {
    Ok(format!("X'{}'", uuid::Uuid::parse_str(id)?.simple()))
}
