//! A service's own database: SQLite or PostgreSQL, one meaning.

use std::{sync::Arc, time::Duration};

use contract::Purpose;
use foundation::{Clock, PersonId};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use crate::{Error, Tx};

/// Clones share the pool.
#[derive(Clone)]
pub struct Db {
    connection: DatabaseConnection,
    service: &'static str,
    clock: Clock,
    committed: Arc<Notify>,
}

impl Db {
    /// Opens `sqlite://…` or `postgres://…` and brings the schema up to date.
    pub async fn open<M: MigratorTrait>(address: &str, service: &'static str, clock: Clock) -> Result<Self, Error> {
        let mut options = ConnectOptions::new(address);
        options
            .max_connections(if address.starts_with("sqlite:") { 4 } else { 8 })
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(10))
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    // What is deleted is overwritten: an erased value does not linger in a free page.
                    .pragma("secure_delete", "ON")
            });
        let connection = Database::connect(options).await?;
        M::up(&connection, None).await?;
        let db = Self { connection, service, clock, committed: Arc::new(Notify::new()) };
        // A process that was killed between an erasure and its checkpoint left the erased in the write-ahead log.
        db.checkpoint().await?;
        Ok(db)
    }

    pub fn service(&self) -> &'static str {
        self.service
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Woken after each commit: the relay's cue that there may be something to publish.
    pub fn committed(&self) -> &Arc<Notify> {
        &self.committed
    }

    /// A transaction about nobody in particular. `name` names its failpoints.
    pub async fn begin(&self, name: &'static str) -> Result<Tx, Error> {
        let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let inner = self.connection.begin_with_options(options).await?;
        Ok(Tx::new(inner, name, self.clone()))
    }

    /// A transaction about one person for one purpose: their state is read again inside it, under a lock.
    pub async fn begin_for(&self, name: &'static str, person: PersonId, purpose: Purpose) -> Result<Tx, Error> {
        let tx = self.begin(name).await?;
        tx.admit(person, purpose).await?;
        Ok(tx)
    }

    /// Moves SQLite's write-ahead log into the file, so that nothing deleted remains in it.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        if self.connection.get_database_backend() == DbBackend::Sqlite {
            self.connection.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.connection.ping().await?)
    }

    pub async fn close(self) -> Result<(), Error> {
        Ok(self.connection.close().await?)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(statement).await
    }
}
