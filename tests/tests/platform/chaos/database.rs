//! The databases of the platform, read from outside: the map may not stand in between.

use anyhow::{Context, Result};
use sea_orm::{ConnectOptions, ConnectionTrait, Database as Connect, DatabaseConnection, DbBackend, QueryResult, Statement};

use crate::{plan::DATABASES, platform::Platform};

/// One service's database, as its role sees it.
pub struct Database {
    pub service: &'static str,
    connection: DatabaseConnection,
}

impl Database {
    /// Connects anew: servers come and go.
    pub async fn of(platform: &Platform, service: &'static str) -> Result<Self> {
        let address = platform.told("operator", &format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase()))?;
        let mut options = ConnectOptions::new(address);
        options.max_connections(1).sqlx_logging(false);
        Ok(Self { service, connection: Connect::connect(options).await.with_context(|| format!("the database of {service}"))? })
    }

    pub async fn all(platform: &Platform) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for service in DATABASES {
            all.push(Self::of(platform, service).await?);
        }
        Ok(all)
    }

    pub async fn rows(&self, sql: &str) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        self.connection.query_all_raw(statement).await.with_context(|| format!("{}: {sql}", self.service))
    }

    /// The first column of the first row; zero without one.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        self.rows(sql).await?.first().map_or(Ok(0), |row| Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or_default()))
    }

    /// Rows of texts.
    pub async fn texts<const N: usize>(&self, sql: &str) -> Result<Vec<[String; N]>> {
        let rows = self.rows(sql).await?;
        rows.iter()
            .map(|row| {
                let mut texts = std::array::from_fn(|_| String::new());
                for (at, text) in texts.iter_mut().enumerate() {
                    *text = row.try_get_by_index::<Option<String>>(at)?.unwrap_or_default();
                }
                Ok(texts)
            })
            .collect()
    }

    pub async fn has(&self, table: &str) -> Result<bool> {
        Ok(self.number(&format!("SELECT count(*) WHERE to_regclass('{table}') IS NOT NULL")).await? > 0)
    }
}
