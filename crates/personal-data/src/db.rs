//! A service's own database: SQLite or PostgreSQL, one meaning.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contract::Purpose;
use foundation::{Clock, PersonId};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use crate::{Error, Tx, holder::left_over};

/// Clones share the pool.
#[derive(Clone)]
pub struct Db {
    connection: DatabaseConnection,
    service: &'static str,
    clock: Clock,
    committed: Arc<Notify>,
    migrations: u32,
}

impl Db {
    /// Opens `sqlite://…` or `postgres://…` and brings the schema up to date.
    pub async fn open<M: MigratorTrait>(address: &str, service: &'static str, clock: Clock) -> Result<Self, Error> {
        let connection = connect(address, true).await?;
        migrate::<M>(&connection).await?;
        left_over::index_identifiers(&connection).await?;
        let migrations = u32::try_from(M::migrations().len()).unwrap_or(u32::MAX);
        let db = Self { connection, service, clock, committed: Arc::new(Notify::new()), migrations };
        // A process that was killed between an erasure and its checkpoint left the erased in the write-ahead log.
        db.checkpoint().await?;
        Ok(db)
    }

    /// Opens a database as it is, for an operator's look beside the running service: the schema stays, and none is made.
    pub async fn attach(address: &str, service: &'static str, clock: Clock) -> Result<Self, Error> {
        Ok(Self { connection: connect(address, false).await?, service, clock, committed: Arc::new(Notify::new()), migrations: 0 })
    }

    pub fn service(&self) -> &'static str {
        self.service
    }

    /// How many migrations this version knows.
    pub(crate) fn migrations(&self) -> u32 {
        self.migrations
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

/// Brings the schema up to date, unless a newer version has been here: then it has everything of ours already, and more.
async fn migrate<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let applied: BTreeSet<String> = M::get_migration_models(connection).await?.into_iter().map(|done| done.version).collect();
    let own: BTreeSet<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if own.is_subset(&applied) { Ok(()) } else { M::up(connection, None).await }
}

async fn connect(address: &str, make: bool) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(address);
    options
        .max_connections(if address.starts_with("sqlite:") { 4 } else { 8 })
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(10))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(make)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // What is deleted is overwritten: an erased value does not linger in a free page.
                .pragma("secure_delete", "ON")
        });
    Ok(Database::connect(options).await?)
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
