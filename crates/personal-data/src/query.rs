//! The reads: of one person for a purpose, of one row by its key, across people for a purpose, or of nobody's rows.
//! Every one that touches people leaves out those whose state forbids the purpose.

use contract::{Purpose, purpose_terms};
use foundation::{PersonId, sabotage};
use sea_orm::{
    ColumnTrait, ExprTrait, Iden, QueryFilter, Select, Value,
    sea_query::{Expr, SimpleExpr},
};

use crate::{Anonymous, Mapped, Personal, own_access, person_state};

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

/// Rows that a law keeps of people who are erased. Any purpose but `LEGAL_RETENTION` finds nothing.
#[allow(clippy::disallowed_methods, reason = "the one way to what outlives its person")]
pub fn kept_by_law<E: Personal>(purpose: Purpose) -> Select<E> {
    let permitted = purpose == Purpose::LegalRetention && E::MAP.law().is_some() && E::MAP.purposes().contains(&purpose);
    let owner = E::owner().map(|column| column.to_string()).unwrap_or_default();
    let table = E::MAP.table;
    E::find().filter(match permitted {
        true => Expr::cust(format!(r#"EXISTS (SELECT 1 FROM person_state ps WHERE ps.person = "{table}"."{owner}" AND ps.state = 2)"#)),
        false => Expr::cust("1 = 0"),
    })
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
    let restricted = if terms.survives_restriction || sabotage::breaks("P20") { "" } else { "ps.state = 1" };
    let survives = terms.survives_withdrawal || sabotage::breaks("P21");
    let withdrawn = if survives { String::new() } else { format!("(ps.withdrawn & {}) <> 0", person_state::bit(purpose)) };
    let forbids: Vec<_> = [restricted, &withdrawn].into_iter().filter(|condition| !condition.is_empty()).collect();
    let table = E::MAP.table;
    let sql =
        |forbids: &str| format!(r#"NOT EXISTS (SELECT 1 FROM person_state ps WHERE ps.person = "{table}"."{owner}" AND ({forbids}))"#);
    let not_erased = Expr::cust(sql("ps.state = 2"));
    if forbids.is_empty() {
        return not_erased;
    }
    let permitted = Expr::cust(sql(&format!("ps.state = 2 OR {}", forbids.join(" OR "))));
    match (own_access::reader(purpose), E::owner()) {
        (Some(reader), Some(owner)) => permitted.or(owner.eq(reader).and(not_erased)),
        _ => permitted,
    }
}
