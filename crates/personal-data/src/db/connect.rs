//! The pool of connections, and what a server must be before anything is asked of it.

use std::{path::PathBuf, time::Duration};

use foundation::Mode;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use super::{
    DbOptions,
    unusable::{self, Unusable},
};
use crate::Error;

/// What the statements of this house need of PostgreSQL.
const LEAST: i32 = 15;
/// Terms, leases and tokens are told by the clock here, and compared with what was written by others.
const APART: Duration = Duration::from_secs(60);
/// A connection that rested for less than this is not asked whether it still stands: that would be a round trip for every transaction.
const RESTED: Duration = Duration::from_secs(1);

/// What the connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// The service at work. Makes the SQLite file when it is not there.
    Serving,
    /// An operator's look at what is there.
    Looking,
    /// One connection without a limit on time, for migrations.
    Migrating,
}

pub(super) async fn connect(address: &str, service: &'static str, options: &DbOptions, kind: For) -> Result<DatabaseConnection, Error> {
    let sqlite = address.starts_with("sqlite:");
    if !sqlite && !address.starts_with("postgres://") {
        return Err(Unusable::Address.into());
    }
    if let Some(file) = authority(address).filter(|file| std::fs::File::open(file).is_err()) {
        return Err(Unusable::Authority(file).into());
    }
    let mut connecting = ConnectOptions::new(address);
    let pool = match (sqlite, kind) {
        (true, _) => 4,
        (false, For::Migrating) => 1,
        (false, _) => options.pool.get(),
    };
    connecting.max_connections(pool).acquire_timeout(options.acquire).sqlx_logging(false).record_stmt_in_spans(false);
    if sqlite {
        connecting.connect_timeout(Duration::from_secs(5)).map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(kind != For::Looking)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // What is deleted is overwritten: an erased value does not linger in a free page.
                .pragma("secure_delete", "ON")
        });
    } else {
        if kind == For::Migrating {
            // Its lock is the connection's: it may not be exchanged for another one.
            connecting.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        }
        let statement = if kind == For::Migrating { Duration::ZERO } else { options.statement };
        let limits = [
            ("statement_timeout", statement),
            ("lock_timeout", options.lock),
            ("idle_in_transaction_session_timeout", options.idle_in_transaction),
        ]
        .map(|(name, limit)| (name, limit.as_millis().to_string()));
        connecting
            .test_before_acquire_if_idle_for(RESTED)
            .map_sqlx_postgres_opts(move |postgres| postgres.application_name(&format!("kolsai/{service}")).options(limits.clone()));
    }
    let connected = Database::connect(connecting).await;
    let connection = connected.map_err(|error| unusable::of_connecting(&error).map_or_else(|| error.into(), Error::from))?;
    if !sqlite {
        look(&connection, service, options.mode).await?;
    }
    Ok(connection)
}

/// The file that the address names for the authority of the server's certificate.
fn authority(address: &str) -> Option<PathBuf> {
    let options = address.split_once('?')?.1;
    let named = options.split('&').find_map(|option| option.strip_prefix("sslrootcert="))?;
    // Percent-encoded names are left to the driver.
    (!named.contains('%')).then(|| PathBuf::from(named))
}

#[allow(
    clippy::disallowed_methods,
    reason = "two clocks are compared as they are: one that a test has moved says nothing about the server's"
)]
fn system_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

async fn look(connection: &DatabaseConnection, service: &'static str, mode: Mode) -> Result<(), Error> {
    let sql = "SELECT current_setting('server_version_num')::int4 / 10000 AS version, \
               (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS micros";
    let asked = system_micros();
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let answered = system_micros();
    let Some(row) = row else { return Err(Unusable::Away.into()) };
    let (found, there): (i32, i64) = (row.try_get("", "version")?, row.try_get("", "micros")?);
    if found < LEAST {
        return Err(Unusable::Version { found, least: LEAST }.into());
    }
    let apart = apart(asked, there, answered);
    if apart > APART {
        let seconds = apart.as_secs();
        if mode == Mode::Production {
            return Err(Unusable::Clock { seconds }.into());
        }
        tracing::warn!(service, seconds, "the clock of the database and the one here are apart; production refuses this");
    }
    Ok(())
}

/// By how much the clocks differ at least: the server answered at some time between the question and the answer.
fn apart(asked: i64, there: i64, answered: i64) -> Duration {
    let micros = (asked.saturating_sub(there)).max(there.saturating_sub(answered)).max(0);
    Duration::from_micros(micros.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_apart_by_what_the_way_does_not_explain() {
        let second = 1_000_000;
        assert_eq!(apart(0, 5 * second, 10 * second), Duration::ZERO);
        assert_eq!(apart(0, -61 * second, 10 * second), Duration::from_secs(61));
        assert_eq!(apart(0, 71 * second, 10 * second), Duration::from_secs(61));
    }

    #[test]
    fn the_authority_is_found_in_the_address() {
        let file = |address| authority(address).map(|path| path.display().to_string());
        assert_eq!(file("postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/etc/ca.crt"), Some("/etc/ca.crt".into()));
        assert_eq!(file("postgres://u:p@h/d?sslmode=verify-full"), None);
        assert_eq!(file("sqlite:///data/x"), None);
    }
}
