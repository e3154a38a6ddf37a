//! Which engines a school of tests stands on.

use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

/// The base address of a PostgreSQL server whose databases tests may create: `postgres://user@host:port`.
const POSTGRES: &str = "KOLSAI_TEST_POSTGRES";
/// `embedded` or `postgres`.
const STACK: &str = "KOLSAI_TEST_STACK";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stack {
    /// SQLite files and memory.
    Embedded,
    /// PostgreSQL at this base address, and memory.
    Postgres(String),
}

impl Stack {
    /// As the environment of the test run says; embedded when it says nothing.
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment where their server is")]
    pub fn of_environment() -> Self {
        match std::env::var(STACK).as_deref() {
            Ok("postgres") => Self::Postgres(std::env::var(POSTGRES).expect("KOLSAI_TEST_STACK=postgres needs KOLSAI_TEST_POSTGRES")),
            Ok("embedded") | Err(_) => Self::Embedded,
            Ok(other) => panic!("KOLSAI_TEST_STACK is `embedded` or `postgres`, not `{other}`"),
        }
    }

    /// Addresses by service, each a fresh database; none when the engine makes its own.
    #[allow(clippy::disallowed_methods, reason = "makes databases, reads none")]
    pub async fn databases(&self) -> Vec<(&'static str, String)> {
        let Self::Postgres(base) = self else { return Vec::new() };
        let base = base.trim_end_matches('/');
        let server = Database::connect(format!("{base}/postgres")).await.expect("the PostgreSQL server of the tests answers");
        let run = Uuid::new_v4().simple().to_string();
        let mut addresses = Vec::new();
        for service in ["identity", "keyring", "privacy", "communication", "learning", "payment", "analytics"] {
            let name = format!("kolsai_{service}_{}", &run[..12]);
            server.execute_unprepared(&format!(r#"CREATE DATABASE "{name}""#)).await.expect("a database for the tests");
            addresses.push((service, format!("{base}/{name}")));
        }
        addresses
    }
}
