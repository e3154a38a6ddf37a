//! What may be done with a person's data in this database: one row each, fed by privacy's events.

use contract::{Purpose, purpose_terms};
use foundation::{PersonId, Timestamp};
use sea_orm::{ColumnTrait, DbBackend, QueryFilter, QuerySelect, entity::prelude::*};

use crate::{Db, Error, PersonalData, Tx, schema};

/// The tombstone of an erased person outlives stream, inbox and backups, so this table holds no owner to erase.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "person_state")]
#[personal(none = "tombstones and restrictions: a random identifier and its state, kept so that nothing late recreates an erased person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key, tombstone = "nothing late recreates an erased person")]
    pub person: PersonId,
    #[personal(code)]
    pub state: i32,
    /// A bit per purpose.
    #[personal(measure)]
    pub withdrawn: i64,
    #[personal(time)]
    pub relation_end: Option<Timestamp>,
    /// Of privacy's aggregate: an older event changes nothing.
    #[personal(measure)]
    pub seen: i64,
}

pub(crate) fn table() -> schema::Table {
    schema::table("person_state", "person").code("state").number("withdrawn").optional_time("relation_end").number("seen")
}

/// As the column `state` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    Active = 0,
    Restricted = 1,
    Erased = 2,
}

impl State {
    /// Anything unknown is the strictest.
    pub fn of(code: i32) -> Self {
        match code {
            0 => Self::Active,
            1 => Self::Restricted,
            _ => Self::Erased,
        }
    }
}

/// The bit of a purpose in `withdrawn`.
pub fn bit(purpose: Purpose) -> i64 {
    1 << (purpose as i32)
}

/// Whether a state lets this purpose pass.
pub fn permits(state: State, withdrawn: i64, purpose: Purpose) -> Result<(), Error> {
    let terms = purpose_terms(purpose);
    match state {
        State::Erased => Err(Error::Erased),
        State::Restricted if !terms.survives_restriction => Err(Error::Restricted),
        _ if withdrawn & bit(purpose) != 0 && !terms.survives_withdrawal => Err(Error::Withdrawn(purpose)),
        _ => Ok(()),
    }
}

/// The state as it is now, without a lock.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
pub async fn of(db: &Db, person: PersonId) -> Result<State, Error> {
    Ok(Entity::find_by_id(person).one(db).await?.map_or(State::Active, |row| State::of(row.state)))
}

#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
pub(crate) async fn admit_in_tx(tx: &Tx, person: PersonId, purpose: Purpose) -> Result<(), Error> {
    let row = locked_in_tx(tx, person).await?;
    permits(State::of(row.state), row.withdrawn, purpose)
}

/// The row, made when missing so that there is something to lock.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
async fn locked_in_tx(tx: &Tx, person: PersonId) -> Result<Model, Error> {
    let fresh = Model { person, state: State::Active as i32, withdrawn: 0, relation_end: None, seen: 0 };
    let select = Entity::find().filter(Column::Person.eq(person));
    // SQLite's transaction already has the only write lock.
    let select = if tx.get_database_backend() == DbBackend::Sqlite { select } else { select.lock_exclusive() };
    if let Some(row) = select.clone().one(tx).await? {
        return Ok(row);
    }
    tx.insert_once::<Entity>(fresh.clone()).await?;
    Ok(select.one(tx).await?.unwrap_or(fresh))
}

/// Takes over what privacy says, unless something newer is known. Answers whether it did.
pub async fn apply_in_tx(tx: &Tx, person: PersonId, state: State, withdrawn: i64, seen: i64) -> Result<bool, Error> {
    let mut row = locked_in_tx(tx, person).await?;
    if row.seen >= seen || State::of(row.state) == State::Erased {
        return Ok(false);
    }
    (row.state, row.withdrawn, row.seen) = (state as i32, withdrawn, seen);
    tx.update::<Entity>(&mut row).await?;
    Ok(true)
}

/// Marks a person erased, for ever.
pub async fn erase_in_tx(tx: &Tx, person: PersonId) -> Result<(), Error> {
    let mut row = locked_in_tx(tx, person).await?;
    row.state = State::Erased as i32;
    tx.update::<Entity>(&mut row).await?;
    tx.admit_unchecked(person);
    Ok(())
}
