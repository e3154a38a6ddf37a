//! Bringing a schema up to date: one process at a time, and nobody minds what a newer version has done before.

use std::{collections::BTreeSet, time::Duration};

use foundation::Clock;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::{
    DbOptions, SchemaBy,
    connect::{For, connect},
    unusable::{Unusable, is_not_permitted},
};
use crate::{Error, holder::left_over};

/// Advisory locks of this database that are ours: "kols", and what is locked.
const LOCK: &str = "1802464371, 1";
/// Migrating a large table takes its time; longer than this is a process that hangs.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
const POLL: Duration = Duration::from_millis(50);

/// Before a service works on its database.
pub(super) async fn before_serving<M: MigratorTrait>(
    connection: &DatabaseConnection,
    (address, service): (&str, &'static str),
    clock: &Clock,
    options: &DbOptions,
) -> Result<(), Error> {
    match options.schema {
        SchemaBy::Command { within } => until_there::<M>(connection, service, within).await,
        SchemaBy::Itself if connection.get_database_backend() == DbBackend::Sqlite => up_to_date::<M>(connection, clock).await.map(drop),
        SchemaBy::Itself => {
            let lacking = missing::<M>(connection).await?.len();
            if lacking == 0 && left_over::are_identifiers_indexed(connection).await? {
                return Ok(());
            }
            let migrating = connect(address, service, options, For::Migrating).await?;
            let done = under_lock(&migrating, up_to_date::<M>(&migrating, clock)).await;
            migrating.close().await?;
            match done {
                Err(Error::Database(error)) if is_not_permitted(&error) => {
                    Err(Unusable::MayNotMigrate { service, missing: lacking }.into())
                }
                Err(Error::Unusable(Unusable::Migration { cause, .. })) if is_not_permitted(&cause) => {
                    Err(Unusable::MayNotMigrate { service, missing: lacking }.into())
                }
                other => other.map(drop),
            }
        }
    }
}

/// Waits until another process has migrated. What is missing is said at once, and again at the end.
async fn until_there<M: MigratorTrait>(connection: &DatabaseConnection, service: &'static str, within: Duration) -> Result<(), Error> {
    let mut left = within;
    loop {
        let missing = missing::<M>(connection).await?.len();
        if missing == 0 {
            return Ok(());
        }
        let behind = Unusable::Behind { service, missing };
        if left.is_zero() {
            return Err(behind.into());
        }
        if left == within {
            tracing::warn!(service, "not ready: {behind}");
        }
        let pause = left.min(Duration::from_millis(500));
        tokio::time::sleep(pause).await;
        left -= pause;
    }
}

/// Does the work while nobody else migrates this database. A connection that waits for a lock would hold up `CREATE INDEX
/// CONCURRENTLY` of whoever has it, so it asks again and again instead.
pub(super) async fn under_lock<T>(connection: &DatabaseConnection, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let ask = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let mut waited = Duration::ZERO;
    loop {
        let row = connection.query_one_raw(ask(format!("SELECT pg_try_advisory_lock({LOCK}) AS taken"))).await?;
        if row.map_or(Ok(false), |row| row.try_get("", "taken"))? {
            break;
        }
        if waited.is_zero() {
            tracing::info!("another process migrates this database; waiting for it");
        }
        if waited >= PATIENCE {
            return Err(Unusable::Busy { minutes: PATIENCE.as_secs() / 60 }.into());
        }
        tokio::time::sleep(POLL).await;
        waited += POLL;
    }
    let done = work.await;
    // It goes with the connection too.
    connection.query_one_raw(ask(format!("SELECT pg_advisory_unlock({LOCK})"))).await?;
    done
}

/// Applies what is missing, in order; answers what it applied. Migrations that this version does not know are a newer one's.
pub(super) async fn up_to_date<M: MigratorTrait>(connection: &DatabaseConnection, clock: &Clock) -> Result<Vec<String>, Error> {
    let missing = missing::<M>(connection).await?;
    if !missing.is_empty() {
        M::install(connection).await?;
        apply::<M>(connection, clock, &missing).await?;
    }
    left_over::index_identifiers(connection).await?;
    Ok(missing)
}

async fn apply<M: MigratorTrait>(connection: &DatabaseConnection, clock: &Clock, missing: &[String]) -> Result<(), Error> {
    let backend = connection.get_database_backend();
    for migration in M::migrations().into_iter().filter(|migration| missing.iter().any(|name| name == migration.name())) {
        let failed = |cause| Unusable::Migration { name: migration.name().to_owned(), cause };
        if migration.use_transaction().unwrap_or(backend == DbBackend::Postgres) {
            let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
            let tx = connection.begin_with_options(options).await?;
            migration.up(&SchemaManager::new(&tx)).await.map_err(failed)?;
            note(&tx, migration.name(), clock).await?;
            tx.commit().await?;
        } else {
            migration.up(&SchemaManager::new(connection)).await.map_err(failed)?;
            note(connection, migration.name(), clock).await?;
        }
    }
    Ok(())
}

async fn note(connection: &impl ConnectionTrait, name: &str, clock: &Clock) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let places = if backend == DbBackend::Postgres { "$1, $2" } else { "?, ?" };
    let sql = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ({places})");
    let values = [Value::from(name), Value::from(clock.now().seconds())];
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// The names of this version's migrations that this database has not seen, in order. Changes nothing and needs no rights for it.
pub(super) async fn missing<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<Vec<String>, Error> {
    let applied = match applied(connection).await {
        // Whoever may not even look was not given its rights yet.
        Err(error) if is_not_permitted(&error) => BTreeSet::new(),
        other => other?,
    };
    let own = M::migrations().into_iter().map(|migration| migration.name().to_owned());
    Ok(own.filter(|name| !applied.contains(name)).collect())
}

async fn applied(connection: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    if !there_is(connection, "seaql_migrations").await? {
        return Ok(BTreeSet::new());
    }
    let sql = "SELECT version FROM seaql_migrations";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// Whether the database has a table of this name.
pub(super) async fn there_is(connection: &DatabaseConnection, table: &str) -> Result<bool, DbErr> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => format!("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = '{table}'"),
        _ => format!("SELECT count(*) AS n FROM pg_class WHERE relname = '{table}' AND relnamespace = current_schema()::regnamespace"),
    };
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    let tables: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(tables > 0)
}
