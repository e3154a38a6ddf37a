//! The look, written apart from the map, for a person's identifier in any column of the live schema. Every look goes through an
//! index, so that it costs the same however many people there are.

use foundation::PersonId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait, Value};

use crate::{Error, Tx, map::TableMap, schema::index};

/// Tables that libraries keep for themselves.
const FOREIGN: [&str; 2] = ["seaql_migrations", "sqlite_sequence"];

/// What a column can hold an identifier as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Identifier,
    Text,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        let declared = declared.to_ascii_lowercase();
        match declared.as_str() {
            kind if kind.contains("uuid") => Some(Self::Identifier),
            kind if kind.contains("text") || kind.contains("char") => Some(Self::Text),
            kind if kind.contains("blob") || kind == "bytea" || kind.is_empty() => Some(Self::Bytes),
            _ => None,
        }
    }

    /// Only values as long as an identifier stand in the index: it stays next to empty.
    fn only(self, column: &str) -> Option<String> {
        match self {
            Self::Identifier => None,
            Self::Text => Some(format!(r#"length("{column}") = 36"#)),
            Self::Bytes => Some(format!(r#"length("{column}") = 16"#)),
        }
    }
}

struct Column {
    table: String,
    name: String,
    kind: Kind,
}

/// Every column that can hold an identifier, as the database itself tells.
async fn columns<C: ConnectionTrait>(connection: &C) -> Result<Vec<Column>, Error> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => {
            "SELECT m.name AS t, c.name AS c, c.type AS k FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
        // Tables of which this role may read nothing count too: a look at them fails, and is not left out.
        _ => {
            "SELECT r.relname::text AS t, a.attname::text AS c, format_type(a.atttypid, NULL) AS k \
             FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid \
             WHERE r.relnamespace = current_schema()::regnamespace AND r.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND a.attnum > 0 AND NOT a.attisdropped ORDER BY r.relname, a.attnum"
        }
    };
    let mut columns = Vec::new();
    for row in connection.query_all_raw(Statement::from_string(backend, sql)).await? {
        let (table, name, declared): (String, String, String) = (row.try_get("", "t")?, row.try_get("", "c")?, row.try_get("", "k")?);
        match Kind::of(&declared) {
            Some(kind) if !FOREIGN.contains(&table.as_str()) => columns.push(Column { table, name, kind }),
            _ => {}
        }
    }
    Ok(columns)
}

/// An index that a column has to have.
struct Missing {
    table: String,
    name: String,
    /// What it is over, as SQL.
    over: String,
}

/// Whether every column that can hold an identifier has its index.
pub(crate) async fn are_identifiers_indexed(connection: &DatabaseConnection) -> Result<bool, Error> {
    Ok(unindexed(connection).await?.is_empty())
}

/// Gives every column that can hold an identifier an index of its own, where it has none. Run after the migrations.
pub(crate) async fn index_identifiers(connection: &DatabaseConnection) -> Result<(), Error> {
    let mut small = Vec::new();
    for Missing { table, name, over } in unindexed(connection).await? {
        if index::is_large(connection, &table).await? {
            index::beside_writers(connection, &name, &table, &over).await?;
        } else {
            small.push(format!(r#"CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" {over}"#));
        }
    }
    if small.is_empty() {
        return Ok(());
    }
    let tx = connection.begin().await?;
    for sql in small {
        tx.execute_unprepared(&sql).await?;
    }
    Ok(tx.commit().await?)
}

async fn unindexed(connection: &DatabaseConnection) -> Result<Vec<Missing>, Error> {
    let backend = connection.get_database_backend();
    // An index of some rows only counts by its name alone.
    let sql = match backend {
        DbBackend::Sqlite => {
            "SELECT m.name AS t, i.name AS i, CASE WHEN i.partial = 0 THEN c.name ELSE '' END AS c \
             FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE m.type = 'table' AND c.seqno = 0"
        }
        // One whose making broke off is no index.
        _ => {
            "SELECT r.relname::text AS t, n.relname::text AS i, CASE WHEN i.indpred IS NULL THEN a.attname::text ELSE '' END AS c \
             FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid \
             JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[0] \
             WHERE r.relnamespace = current_schema()::regnamespace AND i.indisvalid"
        }
    };
    let mut there: Vec<(String, String, String)> = Vec::new();
    for row in connection.query_all_raw(Statement::from_string(backend, sql)).await? {
        there.push((row.try_get("", "t")?, row.try_get("", "i")?, row.try_get("", "c")?));
    }
    let mut missing = Vec::new();
    for Column { table, name: column, kind } in columns(connection).await? {
        // Two underscores: `a.b_c` and `a_b.c` are two columns.
        let mut name = format!("identifiers_{table}__{column}");
        // As PostgreSQL cuts it.
        name.truncate(63);
        let leads = |(of, index_of, lead): &(String, String, String)| {
            *index_of == name || (kind == Kind::Identifier && *of == table && *lead == column)
        };
        if !there.iter().any(leads) {
            let only = kind.only(&column).map_or_else(String::new, |only| format!(" WHERE {only}"));
            missing.push(Missing { over: format!(r#"("{column}"){only}"#), table, name });
        }
    }
    Ok(missing)
}

/// A statement for each column in which this person's identifier may not stand: not the tombstones, nor the owner of a row that
/// a law keeps.
pub(super) async fn looks<C: ConnectionTrait>(
    connection: &C,
    person: PersonId,
    maps: &[&'static TableMap],
) -> Result<Vec<Statement>, Error> {
    let backend = connection.get_database_backend();
    let may_stand = |column: &Column| {
        let map = maps.iter().find(|map| map.table == column.table);
        map.is_some_and(|map| {
            let word = map.columns.iter().find(|c| c.name == column.name).map_or("", |c| c.word);
            word.contains("tombstone") || map.law().is_some() && word.contains("owner")
        })
    };
    let columns = columns(connection).await?;
    Ok(columns.iter().filter(|column| !may_stand(column)).map(|column| look(backend, column, person)).collect())
}

fn look(backend: DbBackend, Column { table, name, kind }: &Column, person: PersonId) -> Statement {
    let (bytes, text) = (Value::Bytes(Some(person.0.as_bytes().to_vec())), Value::from(person.to_string()));
    let (condition, values) = match (kind, backend) {
        // SQLite keeps what it is given, whatever the column was declared as.
        (Kind::Identifier, DbBackend::Sqlite) => (format!(r#""{name}" IN (?, ?)"#), vec![bytes, text]),
        (Kind::Identifier, _) => (format!(r#""{name}" = $1"#), vec![Value::from(person.0)]),
        (Kind::Text, DbBackend::Sqlite) => (format!(r#""{name}" = ?"#), vec![text]),
        (Kind::Text, _) => (format!(r#""{name}" = $1"#), vec![text]),
        (Kind::Bytes, DbBackend::Sqlite) => (format!(r#""{name}" = ?"#), vec![bytes]),
        (Kind::Bytes, _) => (format!(r#""{name}" = $1"#), vec![bytes]),
    };
    let only = kind.only(name).map_or_else(String::new, |only| format!("{only} AND "));
    Statement::from_sql_and_values(backend, format!(r#"SELECT count(*) AS n FROM "{table}" WHERE {only}{condition}"#), values)
}

/// Rows outside the tombstones and what a law keeps in which any column equals this person's identifier.
pub(super) async fn left_over_in_tx(tx: &Tx, person: PersonId, maps: &[&'static TableMap]) -> Result<u64, Error> {
    let mut found = 0;
    for look in looks(tx, person, maps).await? {
        let count: i64 = tx.query_one_raw(look).await?.map_or(Ok(0), |row| row.try_get("", "n"))?;
        found += u64::try_from(count).unwrap_or(0);
    }
    Ok(found)
}
