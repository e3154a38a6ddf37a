//! The reads: of one person for a purpose, of one row by its key, across people for a purpose, or of nobody's rows.
//! Every one that touches people leaves out those whose state forbids the purpose.

use contract::{Purpose, purpose_terms};
use foundation::PersonId;
use sea_orm::{
    ColumnTrait, Iden, QueryFilter, Select, Value,
    sea_query::{Expr, SimpleExpr},
};

use crate::{Anonymous, Mapped, Personal, person_state};

/// One person's rows.
#[allow(clippy::disallowed_methods, reason = "the scoped way to read")]
pub fn of<E: Personal>(person: PersonId, purpose: Purpose) -> Select<E> {
    let mut select = E::find();
    if let Some(owner) = E::owner() {
        select = select.filter(owner.eq(person)).filter(allowed::<E>(purpose));
    }
    select
}

/// The row with this key, whosever it is: name its owner before anything of it leaves.
#[allow(clippy::disallowed_methods, reason = "the scoped way to read")]
pub fn by_key<E: Personal>(key: impl Into<Value>, purpose: Purpose) -> Select<E> {
    E::find().filter(E::key().eq(key)).filter(allowed::<E>(purpose))
}

/// Rows of many people, for background work and look-ups by a blind index.
#[allow(clippy::disallowed_methods, reason = "the scoped way to read")]
pub fn across<E: Personal>(purpose: Purpose) -> Select<E> {
    E::find().filter(allowed::<E>(purpose))
}

/// Rows of a table that holds no personal data.
#[allow(clippy::disallowed_methods, reason = "the table says that it holds nobody's data")]
pub fn anonymous<E: Anonymous>() -> Select<E> {
    E::find()
}

/// No person state forbids this purpose for the row's owner.
fn allowed<E: Mapped>(purpose: Purpose) -> SimpleExpr {
    let terms = purpose_terms(purpose);
    let owner = E::owner().map(|column| column.to_string()).unwrap_or_default();
    let restricted = if terms.survives_restriction { "" } else { " OR ps.state = 1" };
    let withdrawn =
        if terms.survives_withdrawal { String::new() } else { format!(" OR (ps.withdrawn & {}) <> 0", person_state::bit(purpose)) };
    Expr::cust(format!(
        r#"NOT EXISTS (SELECT 1 FROM person_state ps WHERE ps.person = "{}"."{owner}" AND (ps.state = 2{restricted}{withdrawn}))"#,
        E::MAP.table
    ))
}
