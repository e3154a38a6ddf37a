//! The live schema, read apart from the map: tables and columns nobody declared.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Holds;
use crate::{Db, Error};

/// Tables that libraries keep for themselves.
const FOREIGN: [&str; 2] = ["seaql_migrations", "sqlite_sequence"];

/// Every table and its columns, as the database itself tells.
async fn live<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, Vec<String>)>, Error> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
        // Tables of which this role may read nothing count too: the information schema would leave them out.
        _ => {
            "SELECT r.relname::text AS t, a.attname::text AS c FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid \
             WHERE r.relnamespace = current_schema()::regnamespace AND r.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND a.attnum > 0 AND NOT a.attisdropped ORDER BY r.relname, a.attnum"
        }
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

impl Holds {
    /// Tables and columns of the live database that no map has, and what this map has and the database has not. A map that is
    /// recorded as newer than this one counts: old and new versions run side by side.
    pub async fn drift(&self, db: &Db) -> Result<Vec<String>, Error> {
        let (maps, live, newer) = (self.maps(), live(db).await?, self.declared_by_newer(db).await?);
        let mut findings = Vec::new();
        for (table, columns) in &live {
            let by_newer = newer.get(table);
            let Some(map) = maps.iter().find(|map| map.table == table) else {
                if by_newer.is_none() {
                    findings.push(format!("table `{table}` is in the database and in no map"));
                    continue;
                }
                for column in columns.iter().filter(|column| by_newer.is_none_or(|newer| !newer.contains(*column))) {
                    findings.push(format!("column `{table}.{column}` is in the database and in no map"));
                }
                continue;
            };
            let declared =
                |column: &String| map.columns.iter().any(|c| c.name == column) || by_newer.is_some_and(|newer| newer.contains(column));
            for column in columns.iter().filter(|column| !declared(column)) {
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
