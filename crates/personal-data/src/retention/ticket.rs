//! Tickets: an append-only table lets a row go only against one, written in the same transaction by whoever may remove it, the
//! retention sweep or an erasure. The database itself refuses everything else.

use foundation::{PersonId, Timestamp, uuid::Uuid};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value, entity::prelude::*};

use crate::{Error, PersonalData, Tx, map::TableMap, schema};

/// A ticket has its row's key, and is gone when its transaction is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "deletion_ticket")]
#[personal(none = "keys of rows that are removed in the same transaction: empty between two transactions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(time)]
    pub at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("deletion_ticket", "id").time("at")
}

/// Lets these rows go.
pub async fn issue_in_tx(tx: &Tx, rows: &[Uuid]) -> Result<(), Error> {
    let at = tx.clock().now();
    for id in rows {
        tx.insert_once::<Entity>(Model { id: *id, at }).await?;
    }
    Ok(())
}

/// After the rows are gone.
pub async fn withdraw_in_tx(tx: &Tx, rows: &[Uuid]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let sql = format!("DELETE FROM deletion_ticket WHERE id IN ({})", places(backend, rows.len()));
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, rows.iter().map(|id| Value::from(*id)))).await?;
    Ok(())
}

/// Tickets for all rows of one person in an append-only table; nothing for any other table. Answers which.
pub(crate) async fn issue_for_person_in_tx(tx: &Tx, map: &TableMap, person: PersonId) -> Result<Vec<Uuid>, Error> {
    let key = map.columns.iter().find(|column| column.says("key")).map(|column| column.name);
    let (Some(owner), Some(key), true) = (map.owner(), key, map.append_only) else { return Ok(Vec::new()) };
    let backend = tx.get_database_backend();
    let sql = format!(r#"SELECT "{key}" AS id FROM "{}" WHERE "{owner}" = {}"#, map.table, places(backend, 1));
    let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, [Value::from(person.0)])).await?;
    let ids = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<Uuid>, _>>()?;
    issue_in_tx(tx, &ids).await?;
    Ok(ids)
}

/// The places of `count` values in a statement.
pub(super) fn places(backend: DbBackend, count: usize) -> String {
    let place = |n: usize| if backend == DbBackend::Postgres { format!("${n}") } else { format!("?{n}") };
    (1..=count).map(place).collect::<Vec<_>>().join(", ")
}

/// What makes a table append-only, as the two engines say it: no change, and no deletion without a ticket.
pub(crate) fn triggers(backend: DbBackend, table: &str, key: &str) -> Vec<String> {
    if backend == DbBackend::Postgres {
        return vec![
            format!(
                r#"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM deletion_ticket t WHERE t.id = OLD."{key}") THEN RETURN OLD; END IF;
                RAISE EXCEPTION 'the table {table} is append-only'; END $$"#
            ),
            format!(
                r#"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"#
            ),
        ];
    }
    let refuse = format!("BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END");
    vec![
        format!(r#"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON "{table}" {refuse}"#),
        format!(
            r#"CREATE TRIGGER {table}_no_deletion BEFORE DELETE ON "{table}"
            WHEN NOT EXISTS (SELECT 1 FROM deletion_ticket t WHERE t.id = OLD."{key}") {refuse}"#
        ),
    ]
}
