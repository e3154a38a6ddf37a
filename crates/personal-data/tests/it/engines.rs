//! Databases to test on: a file in a folder of its own, or a database of its own on a PostgreSQL that is running already.

use std::{io::Write, sync::Once, time::Duration};

use foundation::{Clock, Mode};
use personal_data::Db;
use sea_orm::{ConnectionTrait, Database, DbBackend, QueryResult, Statement};
use sea_orm_migration::MigratorTrait;

/// Base address of a PostgreSQL whose user may create databases: `postgres://user@localhost:5432`, or over a socket
/// `postgres:///?host=/run/postgresql&user=user`.
const POSTGRES: &str = "KOLSAI_TEST_POSTGRES";

/// One kind of database, and one clock for everything that runs on it. What it made goes with it.
pub struct Engine {
    kind: Kind,
    pub clock: Clock,
}

enum Kind {
    Sqlite(tempfile::TempDir),
    Postgres { base: String, prefix: String },
}

impl Engine {
    pub fn sqlite() -> Self {
        Self { kind: Kind::Sqlite(tempfile::tempdir().unwrap()), clock: Clock::system(Mode::Development) }
    }

    /// None, and a word about it, when no PostgreSQL was named.
    pub fn postgres() -> Option<Self> {
        static SAID: Once = Once::new();
        let Ok(base) = std::env::var(POSTGRES) else {
            // Past the capture of the test harness: this must be seen.
            SAID.call_once(|| drop(writeln!(std::io::stderr(), "{POSTGRES} is not set: nothing is tested on PostgreSQL")));
            return None;
        };
        let prefix = format!("kolsai_it_{}", foundation::uuid::Uuid::new_v4().simple());
        Some(Self { kind: Kind::Postgres { base, prefix }, clock: Clock::system(Mode::Development) })
    }

    #[allow(dead_code, reason = "shared by the tests of several crates")]
    pub fn backend(&self) -> DbBackend {
        match self.kind {
            Kind::Sqlite(_) => DbBackend::Sqlite,
            Kind::Postgres { .. } => DbBackend::Postgres,
        }
    }

    /// The database of one service; asked for twice, the same one, as another replica opens it.
    pub async fn database<M: MigratorTrait>(&self, service: &'static str) -> Db {
        Db::open::<M>(&self.address(service).await, service, self.clock.clone()).await.unwrap()
    }

    /// Where a service's database is, made if need be.
    pub async fn address(&self, service: &str) -> String {
        match &self.kind {
            Kind::Sqlite(folder) => format!("sqlite://{}", folder.path().join(format!("{service}.db")).display()),
            Kind::Postgres { base, prefix } => {
                let name = format!("{prefix}_{service}");
                let server = Database::connect(database_at(base, "postgres")).await.unwrap();
                let there = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
                if server.query_one_raw(Statement::from_string(DbBackend::Postgres, there)).await.unwrap().is_none() {
                    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
                }
                server.close().await.unwrap();
                database_at(base, &name)
            }
        }
    }
}

impl Drop for Engine {
    /// Databases that other replicas still hold open are closed by force; a failure leaves litter, not a wrong result.
    fn drop(&mut self) {
        let Kind::Postgres { base, prefix } = &self.kind else { return };
        let (server, prefix) = (database_at(base, "postgres"), prefix.clone());
        let sweep = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let server = Database::connect(server).await.ok()?;
                let ours = format!("SELECT datname::text AS name FROM pg_database WHERE datname LIKE '{prefix}%'");
                for row in server.query_all_raw(Statement::from_string(DbBackend::Postgres, ours)).await.ok()? {
                    let name: String = row.try_get("", "name").ok()?;
                    server.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.ok()?;
                }
                Some(())
            })
        };
        let _ = std::thread::spawn(sweep).join();
    }
}

fn database_at(base: &str, name: &str) -> String {
    let (path, query) = base.split_once('?').map_or((base, String::new()), |(path, query)| (path, format!("?{query}")));
    format!("{}/{name}{query}", path.strip_suffix('/').unwrap_or(path))
}

/// All rows that a statement written apart from the entities answers.
#[allow(dead_code, reason = "shared by the tests of several crates")]
pub async fn rows<C: ConnectionTrait>(connection: &C, sql: &str) -> Vec<QueryResult> {
    connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap()
}

/// The one number that a statement answers.
#[allow(dead_code, reason = "shared by the tests of several crates")]
pub async fn number<C: ConnectionTrait>(connection: &C, sql: &str) -> i64 {
    rows(connection, sql).await[0].try_get_by_index(0).unwrap()
}

/// Looks again and again until something has come true, instead of sleeping for a guessed time.
#[allow(dead_code, reason = "shared by the tests of several crates")]
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), looking).await.is_ok(), "within a minute it did not come true that {what}");
}

/// Makes of each `async fn name(engine: Engine)` a test per engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::engines::Engine;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$name(Engine::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                if let Some(engine) = Engine::postgres() {
                    super::$name(engine).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_engines;
