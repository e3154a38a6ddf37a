//! What is told of a statement: its first word, its table and how long it took. Never its text, and never a value.

use std::time::Duration;

use foundation::metrics::{Label, all::STATEMENTS as DURATION};
use sea_orm::{DbBackend, DbErr};
use tokio::time::Instant;
use tracing::{Instrument, Span, field::Empty};

/// The target of the spans of statements, for whoever filters spans.
pub const STATEMENTS: &str = "kolsai::db";

/// Which database a statement goes to.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) service: &'static str,
    pub(crate) backend: DbBackend,
}

impl Place {
    fn system(self) -> &'static str {
        match self.backend {
            DbBackend::Sqlite => "sqlite",
            _ => "postgresql",
        }
    }

    /// A statement that has a text, about to be sent.
    pub(crate) fn asks(self, sql: &str) -> Asked {
        let operation = operation(sql);
        Asked { place: self, operation, span: self.span(operation, sql) }
    }

    /// `BEGIN` or `COMMIT`.
    pub(crate) fn asks_to(self, operation: &'static str) -> Asked {
        Asked { place: self, operation, span: self.span(operation, "") }
    }

    fn record(self, operation: &'static str, kind: Option<&'static str>, took: Duration) {
        DURATION.record(took, [self.system().into(), operation.into(), kind.map_or(Label::NONE, Label::from), self.service.into()]);
    }

    /// Only within a trace: what a worker asks every second, and no call caused, would be a trace of its own each time.
    fn span(self, operation: &'static str, sql: &str) -> Span {
        if Span::current().is_none() {
            return Span::none();
        }
        // What stands here is worked out only where somebody collects statements.
        tracing::debug_span!(
            target: STATEMENTS,
            "statement",
            otel.name = table(operation, sql).map_or_else(|| operation.to_owned(), |table| format!("{operation} {table}")),
            otel.kind = "client",
            db.system.name = self.system(),
            db.namespace = self.service,
            db.operation.name = operation,
            db.collection.name = table(operation, sql),
            otel.status_code = Empty,
            "error.type" = Empty,
        )
    }
}

/// A statement that is about to be sent.
pub(crate) struct Asked {
    place: Place,
    operation: &'static str,
    span: Span,
}

impl Asked {
    pub(crate) async fn done<T>(self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let began = Instant::now();
        // Looked at first: instrumented work costs something even where nothing records it.
        let done = if self.span.is_disabled() { work.await } else { work.instrument(self.span.clone()).await };
        let kind = done.as_ref().err().map(kind);
        if let Some(kind) = kind {
            self.span.record("otel.status_code", "ERROR").record("error.type", kind);
        }
        self.place.record(self.operation, kind, began.elapsed());
        done
    }
}

/// The first word, if it is one that is told apart.
fn operation(sql: &str) -> &'static str {
    let first = sql.split_ascii_whitespace().next().unwrap_or_default();
    const TOLD: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "PRAGMA"];
    TOLD.into_iter().find(|word| word.eq_ignore_ascii_case(first)).unwrap_or("OTHER")
}

/// The table that stands where the operation has it; only what looks like a name of ours.
fn table<'s>(operation: &str, sql: &'s str) -> Option<&'s str> {
    let before = match operation {
        "SELECT" | "DELETE" => "FROM",
        "INSERT" => "INTO",
        "UPDATE" => "UPDATE",
        _ => return None,
    };
    let mut words = sql.split_ascii_whitespace();
    words.find(|word| word.eq_ignore_ascii_case(before))?;
    let name = words.next()?.split(['(', '.', ';']).next()?.trim_matches('"');
    let is_name =
        (1..=63).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_name.then_some(name)
}

/// What went wrong, in a word. An error's text may quote a value.
fn kind(error: &DbErr) -> &'static str {
    match error {
        DbErr::ConnectionAcquire(_) => "no_connection",
        DbErr::Conn(_) => "connection",
        DbErr::Exec(_) | DbErr::Query(_) => "refused",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_statement_only_its_operation_and_table_are_told() {
        for (sql, told) in [
            (r#"SELECT "a"."id" FROM "submission" WHERE "a"."id" = $1"#, ("SELECT", Some("submission"))),
            (r#"INSERT INTO "outbox" ("id") VALUES ($1)"#, ("INSERT", Some("outbox"))),
            (r#"INSERT INTO outbox(id) VALUES ($1)"#, ("INSERT", Some("outbox"))),
            (r#"UPDATE "person_state" SET "state" = $1"#, ("UPDATE", Some("person_state"))),
            ("delete from parked where position($1 in payload) > 0", ("DELETE", Some("parked"))),
            ("SELECT 1", ("SELECT", None)),
            ("SELECT * FROM 'aigul@example.kz'", ("SELECT", None)),
            ("aigul@example.kz", ("OTHER", None)),
            ("", ("OTHER", None)),
        ] {
            let operation = operation(sql);
            assert_eq!((operation, table(operation, sql)), told, "{sql}");
        }
    }
}
