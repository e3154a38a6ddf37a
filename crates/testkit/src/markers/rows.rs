//! Rows of a school's databases, read past every map.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use super::Wanted;
use crate::School;

pub(super) fn addresses(school: &School) -> Vec<(&'static str, String)> {
    let of = |service| (service, school.engines().settings().database_address(service));
    ["identity", "keyring", "privacy", "communication", "learning", "payment", "analytics"].map(of).to_vec()
}

#[allow(clippy::disallowed_methods, reason = "the scan reads what no map declares")]
async fn open(address: &str) -> DatabaseConnection {
    Database::connect(address).await.expect("the database of the scan")
}

async fn texts(db: &DatabaseConnection, sql: String) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).expect("a text").unwrap_or_default()).collect()
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        _ => "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
    };
    texts(db, sql.to_owned()).await
}

/// Tables of PostgreSQL in which what is wanted stands, as text or as bytes.
pub(super) async fn holding(service: &str, address: &str, wanted: &Wanted) -> Vec<String> {
    let (db, in_hex) = (open(address).await, wanted.in_hex());
    let mut found = Vec::new();
    for table in tables(&db).await {
        // `bytea` as text is hex: looked for as such too.
        let rows = texts(&db, format!(r#"SELECT t::text FROM "{table}" t"#)).await;
        if rows.iter().any(|row| wanted.is_in(row.as_bytes()) || in_hex.is_in(row.as_bytes())) {
            found.push(format!("{service}.{table}"));
        }
    }
    db.close().await.expect("the scan ends");
    found
}

/// Tables, as `service.table`, in which a random identifier stands: in any column, as an identifier, as text, or within either.
pub async fn stands(school: &School, id: Uuid) -> BTreeSet<String> {
    let (plain, bare) = (id.to_string(), id.simple().to_string());
    let within: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = BTreeSet::new();
    for (service, address) in addresses(school) {
        let db = open(&address).await;
        for table in tables(&db).await {
            let row = match db.get_database_backend() {
                // Every column as bytes, one after the other, in hex.
                DbBackend::Sqlite => {
                    let columns = texts(&db, format!("SELECT name FROM pragma_table_info('{table}')")).await;
                    let hex: Vec<_> = columns.iter().map(|column| format!(r#"coalesce(hex("{column}"), '')"#)).collect();
                    format!("lower({})", hex.join(" || '.' || "))
                }
                _ => "lower(t::text)".to_owned(),
            };
            let like = |part: &str| format!("{row} LIKE '%{part}%'");
            let sql = format!(r#"SELECT 'x' FROM "{table}" t WHERE {} OR {} OR {} LIMIT 1"#, like(&plain), like(&bare), like(&within));
            if !texts(&db, sql).await.is_empty() {
                found.insert(format!("{service}.{table}"));
            }
        }
        db.close().await.expect("the scan ends");
    }
    found
}
