//! Who the privacy officers are, and how they learn that something waits for them.

mod reactions;
pub mod rows;

use contract::{
    Purpose,
    privacy::v1::{OfficerAlerted, officer_alerted::Kind},
};
use foundation::uuid::Uuid;
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter};

pub use reactions::{ForgetOfficer, NoteOfficer};
use rows::officer;

/// Tells every privacy officer by mail that a thing of this kind waits, with the change that it tells of. `about` makes the
/// alert findable; what it is stands at the officer's desk, never in the mail.
pub async fn alert_in_tx(tx: &Tx, kind: Kind, about: Uuid) -> Result<(), Error> {
    let lasting = Condition::any().add(officer::Column::Until.is_null()).add(officer::Column::Until.gt(tx.clock().now()));
    let officers = query::across::<officer::Entity>(Purpose::Rights).filter(officer::Column::Granted.eq(true)).filter(lasting);
    let mut people: Vec<_> = officers.all(tx).await?.into_iter().map(|row| row.person).collect();
    people.sort();
    people.dedup();
    tracing::warn!(alarm = kind.as_str_name(), %about, officers = people.len(), "something waits for a privacy officer");
    for person in people {
        let alert = OfficerAlerted { alert_id: Uuid::new_v4().to_string(), person_id: person.to_string(), kind: kind.into(), version: 1 };
        events::announce_in_tx(tx, alert).await?;
    }
    Ok(())
}
