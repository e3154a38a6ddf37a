//! What is backed up, kind by kind: how it is read while the school works, and how it is put back where nothing is.

pub(crate) mod files;
pub(crate) mod objects;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::io;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};

use crate::{Content, Error};

/// The kind of database that an address names.
pub(crate) fn kind_of(address: &str) -> Content {
    if address.starts_with("sqlite:") { Content::Sqlite } else { Content::Postgres }
}

/// A connection beside the service's own, for as long as one reading takes.
pub(crate) async fn connect(service: &str, address: &str) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(address);
    options.max_connections(1).sqlx_logging(false).record_stmt_in_spans(false);
    Database::connect(options).await.map_err(of_database(service))
}

/// The hash of the newest data map that this database has recorded; none where it has recorded none.
pub(crate) async fn map_hash(service: &str, address: &str) -> Result<Option<String>, Error> {
    let db = connect(service, address).await?;
    let sql = "SELECT hash FROM recorded_map ORDER BY migrations DESC, number DESC LIMIT 1";
    let newest = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    db.close().await.map_err(of_database(service))?;
    Ok(newest.ok().flatten().and_then(|row| row.try_get("", "hash").ok()))
}

pub(crate) fn of_database(service: &str) -> impl FnOnce(DbErr) -> Error {
    let service = service.to_owned();
    move |source| Error::Database { service, source }
}

pub(crate) fn writing(part: &str) -> impl Fn(io::Error) -> Error {
    let part = part.to_owned();
    move |source| Error::Write { part: part.clone(), source }
}

/// As people read the engines' names.
pub(crate) fn named(content: Content) -> String {
    match content {
        Content::Sqlite => "SQLite",
        Content::Postgres => "PostgreSQL",
        Content::Objects => "objects",
        Content::Files => "files",
    }
    .to_owned()
}
