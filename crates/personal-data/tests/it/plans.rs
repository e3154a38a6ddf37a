//! How a database would carry out a statement, and whether that takes longer as its tables grow.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// A plan that a connection has made before is not asked for again: every question has a number.
static ASKED: AtomicU32 = AtomicU32::new(0);

/// Statements that would read a whole table, or a whole index, each with the database's own words.
pub async fn not_by_index<C: ConnectionTrait>(tx: &C, statements: Vec<Statement>) -> Vec<String> {
    let backend = tx.get_database_backend();
    if backend != DbBackend::Sqlite {
        // Of small tables it would rather read everything: asked is whether it could do otherwise.
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    } else {
        // To explain reads nothing, so it does not notice that another connection changed the schema: this does.
        tx.execute_unprepared("SELECT count(*) FROM sqlite_schema").await.unwrap();
    }
    let mut found = Vec::new();
    for statement in statements {
        let asked = ASKED.fetch_add(1, Ordering::Relaxed);
        let sql = match backend {
            DbBackend::Sqlite => format!("EXPLAIN QUERY PLAN /* {asked} */ {}", statement.sql),
            _ => format!("EXPLAIN {}", statement.sql),
        };
        let values: Vec<Value> = statement.values.map(|values| values.0).unwrap_or_default();
        let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
        let column = if backend == DbBackend::Sqlite { "detail" } else { "QUERY PLAN" };
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        let whole = match backend {
            DbBackend::Sqlite => plan.iter().any(|step| step.starts_with("SCAN ")) || !plan.iter().any(|step| step.contains("USING")),
            _ => plan.iter().any(|step| step.contains("Seq Scan")) || !plan.iter().any(|step| step.contains("Index Cond")),
        };
        if whole {
            found.push(format!("{}: {}", statement.sql, plan.join("; ")));
        }
    }
    found
}
