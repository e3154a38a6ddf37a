//! The live schema, read apart from the map: a person's identifier anywhere, and tables or columns nobody declared.

use foundation::PersonId;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::Holds;
use crate::{Db, Error, Tx, map::TableMap};

/// Tables that libraries keep for themselves.
const FOREIGN: [&str; 2] = ["seaql_migrations", "sqlite_sequence"];

/// Every table and its columns, as the database itself tells.
async fn live<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, Vec<String>)>, Error> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
        _ => "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns WHERE table_schema = current_schema()",
    };
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for row in connection.query_all_raw(Statement::from_string(backend, sql)).await? {
        let (table, column): (String, String) = (row.try_get("", "t")?, row.try_get("", "c")?);
        if FOREIGN.contains(&table.as_str()) {
            continue;
        }
        match tables.iter_mut().find(|(name, _)| *name == table) {
            Some((_, columns)) => columns.push(column),
            None => tables.push((table, vec![column])),
        }
    }
    Ok(tables)
}

/// Rows outside the tombstones and the tables that a law keeps in which any column equals this person's identifier.
pub(super) async fn left_over_in_tx(tx: &Tx, person: PersonId, maps: &[&'static TableMap]) -> Result<u64, Error> {
    let backend = tx.get_database_backend();
    let mut found = 0;
    for (table, columns) in live(tx).await? {
        let map = maps.iter().find(|map| map.table == table);
        if map.is_some_and(|map| map.law().is_some()) {
            continue;
        }
        let tombstone = |column: &str| map.is_some_and(|m| m.columns.iter().any(|c| c.name == column && c.word.contains("tombstone")));
        for column in columns.into_iter().filter(|column| !tombstone(column)) {
            // As text the identifier reads alike in a uuid, a text and (on SQLite, in hex) a blob column.
            let sql = match backend {
                DbBackend::Sqlite => format!(
                    r#"SELECT count(*) AS n FROM "{table}" WHERE "{column}" = ?1 OR (typeof("{column}") = 'text' AND "{column}" = ?2)"#
                ),
                _ => format!(r#"SELECT count(*) AS n FROM "{table}" WHERE "{column}"::text = $1::text OR "{column}"::text = $2"#),
            };
            let first = if backend == DbBackend::Sqlite { Value::from(person.0) } else { Value::from(format!("\\x{}", person.0.simple())) };
            let statement = Statement::from_sql_and_values(backend, sql, [first, Value::from(person.to_string())]);
            let count: i64 = tx.query_one_raw(statement).await?.map_or(Ok(0), |row| row.try_get("", "n"))?;
            found += u64::try_from(count).unwrap_or(0);
        }
    }
    Ok(found)
}

impl Holds {
    /// Tables and columns of the live database that the map does not have, and the other way round.
    pub async fn drift(&self, db: &Db) -> Result<Vec<String>, Error> {
        let (maps, live) = (self.maps(), live(db).await?);
        let mut findings = Vec::new();
        for (table, columns) in &live {
            let Some(map) = maps.iter().find(|map| map.table == table) else {
                findings.push(format!("table `{table}` is in the database and in no map"));
                continue;
            };
            for column in columns.iter().filter(|column| !map.columns.iter().any(|c| c.name == *column)) {
                findings.push(format!("column `{table}.{column}` is in the database and in no map"));
            }
        }
        for map in maps {
            let columns = live.iter().find(|(table, _)| table == map.table).map(|(_, columns)| columns);
            for column in map.columns.iter().filter(|c| columns.is_none_or(|live| !live.iter().any(|l| l == c.name))) {
                findings.push(format!("column `{}.{}` is in the map and not in the database", map.table, column.name));
            }
        }
        Ok(findings)
    }
}
