//! A service's own database: SQLite or PostgreSQL, one meaning.

mod connect;
mod migrate;
mod options;
mod roles;
mod unusable;

use std::sync::Arc;

use contract::Purpose;
use foundation::{Clock, PersonId};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use connect::{For, connect};
pub use options::{DbOptions, SchemaBy};
pub use roles::Roles;
pub use unusable::Unusable;

use crate::{Error, Holds, Tx, statement::Place};

/// Connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub open: u32,
    pub idle: u32,
    /// So many may be open.
    pub most: u32,
}

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
        Self::open_with::<M>(address, service, clock, &DbOptions::default()).await
    }

    /// The same, as the settings say.
    pub async fn open_with<M: MigratorTrait>(
        address: &str,
        service: &'static str,
        clock: Clock,
        options: &DbOptions,
    ) -> Result<Self, Error> {
        let connection = connect(address, service, options, For::Serving).await?;
        migrate::before_serving::<M>(&connection, (address, service), &clock, options).await?;
        let db = Self::on::<M>(connection, service, clock);
        // A process that was killed between an erasure and its checkpoint left the erased in the write-ahead log.
        db.checkpoint().await?;
        Ok(db)
    }

    /// Opens a database as it is, for an operator's look beside the running service: the schema stays, and none is made.
    pub async fn attach(address: &str, service: &'static str, clock: Clock) -> Result<Self, Error> {
        let connection = connect(address, service, &DbOptions::default(), For::Looking).await?;
        Ok(Self { connection, service, clock, committed: Arc::new(Notify::new()), migrations: 0 })
    }

    /// Brings the schema up to date in the role that owns it, and gives the service's role what its tables need. Answers which
    /// migrations it applied. Running versions go on: this one's map is known before anything of it is there.
    pub async fn migrate<M: MigratorTrait>(
        address: &str,
        holds: &Holds,
        roles: Option<&Roles>,
        clock: Clock,
        options: &DbOptions,
    ) -> Result<Vec<String>, Error> {
        let service = holds.service();
        let db = Self::on::<M>(connect(address, service, options, For::Migrating).await?, service, clock);
        let work = db.migrated::<M>(holds, roles);
        let done = match db.connection.get_database_backend() {
            DbBackend::Sqlite => work.await,
            _ => migrate::under_lock(&db.connection, work).await,
        };
        db.close().await?;
        done
    }

    async fn migrated<M: MigratorTrait>(&self, holds: &Holds, roles: Option<&Roles>) -> Result<Vec<String>, Error> {
        let announced = migrate::there_is(&self.connection, "recorded_map").await? && holds.record_first(self).await?;
        let applied = match migrate::up_to_date::<M>(&self.connection, &self.clock).await {
            // What was announced did not come: the versions that run go on with their own work.
            Err(error) if announced => {
                holds.strike(self).await?;
                return Err(error);
            }
            other => other?,
        };
        holds.record(self).await?;
        if let Some(roles) = roles.filter(|_| self.connection.get_database_backend() == DbBackend::Postgres) {
            roles::grant(&self.connection, holds, roles).await?;
        }
        Ok(applied)
    }

    fn on<M: MigratorTrait>(connection: DatabaseConnection, service: &'static str, clock: Clock) -> Self {
        let migrations = u32::try_from(M::migrations().len()).unwrap_or(u32::MAX);
        Self { connection, service, clock, committed: Arc::new(Notify::new()), migrations }
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
        let inner = self.place().asks_to("BEGIN").done(self.connection.begin_with_options(options)).await?;
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

    /// The pool behind PostgreSQL, for what only it can do: to listen for notifications. None on SQLite.
    pub fn postgres_pool(&self) -> Option<&sea_orm::sqlx::PgPool> {
        match self.connection.get_database_backend() {
            DbBackend::Postgres => Some(self.connection.get_postgres_connection_pool()),
            _ => None,
        }
    }

    /// How the pool stands.
    pub fn pool(&self) -> Pool {
        fn of<D: sea_orm::sqlx::Database>(pool: &sea_orm::sqlx::Pool<D>) -> Pool {
            Pool { open: pool.size(), idle: u32::try_from(pool.num_idle()).unwrap_or_default(), most: pool.options().get_max_connections() }
        }
        match self.connection.get_database_backend() {
            DbBackend::Postgres => of(self.connection.get_postgres_connection_pool()),
            _ => of(self.connection.get_sqlite_connection_pool()),
        }
    }

    /// Which server answers, and its version: `PostgreSQL 17.2`, `SQLite 3.46.0`.
    pub async fn engine(&self) -> Result<String, Error> {
        let backend = self.connection.get_database_backend();
        let (name, sql) = match backend {
            DbBackend::Sqlite => ("SQLite", "SELECT sqlite_version()"),
            _ => ("PostgreSQL", "SELECT current_setting('server_version')"),
        };
        let row = self.connection.query_one_raw(Statement::from_string(backend, sql)).await?;
        let version: String = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        Ok(format!("{name} {}", version.split(' ').next().unwrap_or_default()))
    }

    pub(crate) fn place(&self) -> Place {
        Place { service: self.service, backend: self.connection.get_database_backend() }
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
        let asked = self.place().asks(&statement.sql);
        asked.done(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.place().asks(sql).done(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let asked = self.place().asks(&statement.sql);
        asked.done(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let asked = self.place().asks(&statement.sql);
        asked.done(self.connection.query_all_raw(statement)).await
    }
}
