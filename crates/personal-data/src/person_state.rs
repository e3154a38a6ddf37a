//! What may be done with a person's data in this database: one row each, fed by privacy's events.

use std::collections::BTreeSet;

use contract::{Purpose, purpose_terms};
use foundation::{PersonId, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
    entity::prelude::*,
    sea_query::{Alias, ColumnDef, LockType, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

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
    /// When retention last ended rows of this person here: what was held before and is not held now.
    #[personal(time)]
    pub expired_at: Option<Timestamp>,
    /// The version of identity's word on the relation: an older one changes nothing.
    #[personal(measure)]
    pub relation_seen: i64,
}

pub(crate) fn table() -> schema::Table {
    schema::table("person_state", "person").code("state").number("withdrawn").optional_time("relation_end").number("seen")
}

/// Adds what retention notes.
pub(crate) struct Expiry;

impl MigrationName for Expiry {
    fn name(&self) -> &str {
        "personal_data_expiry"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Expiry {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut expired_at = ColumnDef::new(Alias::new("expired_at"));
        expired_at.big_integer().null();
        manager.alter_table(Table::alter().table(Alias::new("person_state")).add_column(&mut expired_at).to_owned()).await
    }
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
    if (foundation::sabotage::breaks("P20") && state == State::Restricted)
        || (foundation::sabotage::breaks("P21") && state == State::Active)
    {
        return Ok(());
    }
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

/// Whether this person's data may be used for this purpose at the moment, without a lock: for what comes before a transaction.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
pub async fn check(db: &Db, person: PersonId, purpose: Purpose) -> Result<(), Error> {
    let row = Entity::find_by_id(person).one(db).await?;
    row.map_or(Ok(()), |row| permits(State::of(row.state), row.withdrawn, purpose))
}

/// The state as this transaction knows it, under a lock: with the version of privacy's aggregate that it follows.
pub async fn known_in_tx(tx: &Tx, person: PersonId) -> Result<(State, i64), Error> {
    let row = locked_in_tx(tx, person).await?;
    Ok((State::of(row.state), row.seen))
}

/// Once for each person: the lock lasts, and so does what was read under it.
pub(crate) async fn admit_in_tx(tx: &Tx, person: PersonId, purpose: Purpose) -> Result<(), Error> {
    let row = match tx.known(person) {
        Some(known) => known,
        None => {
            let row = locked_in_tx(tx, person).await?;
            tx.remember(row.clone());
            row
        }
    };
    permits(State::of(row.state), row.withdrawn, purpose)
}

/// For work about this person: one such transaction at a time. Whoever only mentions them in a row goes on beside it.
async fn locked_in_tx(tx: &Tx, person: PersonId) -> Result<Model, Error> {
    locked_as_in_tx(tx, person, LockType::NoKeyUpdate).await
}

/// For a change of the state: those who mention the person wait for it too, or it for them.
async fn changing_in_tx(tx: &Tx, person: PersonId) -> Result<Model, Error> {
    turn_in_tx(tx, "pg_advisory_xact_lock", &BTreeSet::from([person])).await?;
    let row = locked_as_in_tx(tx, person, LockType::Update).await?;
    tx.forget(person);
    Ok(row)
}

/// A lock until commit that needs no row: whoever mentions somebody of whom nothing is known here shares it, and whoever changes that
/// person's state has it alone. A row made instead would be in the way of whoever begins to work about that person.
async fn turn_in_tx(tx: &Tx, lock: &str, people: &BTreeSet<PersonId>) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let places: Vec<_> = (1..=people.len()).map(|place| format!("(${place}::int8)")).collect();
    let sql = format!("SELECT {lock}(person) FROM (VALUES {}) AS people (person)", places.join(", "));
    let values = people.iter().map(|person| {
        let (high, low) = person.0.as_u64_pair();
        Value::from((high ^ low).cast_signed())
    });
    tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}

/// The row, made when missing so that there is something to lock.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
async fn locked_as_in_tx(tx: &Tx, person: PersonId, lock: LockType) -> Result<Model, Error> {
    let select = Entity::find().filter(Column::Person.eq(person));
    // SQLite's transaction already has the only write lock.
    let select = if tx.get_database_backend() == DbBackend::Sqlite { select } else { select.lock(lock) };
    if let Some(row) = select.clone().one(tx).await? {
        return Ok(row);
    }
    let row = fresh(person);
    if tx.insert_once::<Entity>(row.clone()).await? {
        return Ok(row);
    }
    Ok(select.one(tx).await?.unwrap_or(row))
}

fn fresh(person: PersonId) -> Model {
    Model { person, state: State::Active as i32, withdrawn: 0, relation_end: None, seen: 0, expired_at: None, relation_seen: 0 }
}

/// Those of the people whom a row mentions who are erased here, under a lock that their erasure waits for and that nobody's work about
/// them does. In the order of their identifiers, as everybody locks them.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
pub(crate) async fn erased_in_tx(tx: &Tx, people: &BTreeSet<PersonId>) -> Result<BTreeSet<PersonId>, Error> {
    let select = |people: &BTreeSet<PersonId>| Entity::find().filter(Column::Person.is_in(people.iter().copied()));
    let mut rows = if tx.get_database_backend() == DbBackend::Sqlite {
        select(people).all(tx).await?
    } else {
        let locked = |people: &BTreeSet<PersonId>| select(people).order_by_asc(Column::Person).lock(LockType::KeyShare);
        let mut rows = locked(people).all(tx).await?;
        let missing: BTreeSet<_> = people.iter().filter(|person| rows.iter().all(|row| row.person != **person)).copied().collect();
        if !missing.is_empty() {
            turn_in_tx(tx, "pg_advisory_xact_lock_shared", &missing).await?;
            rows.extend(locked(&missing).all(tx).await?);
        }
        rows
    };
    rows.retain(|row| State::of(row.state) == State::Erased);
    Ok(rows.into_iter().map(|row| row.person).collect())
}

/// Takes over what identity says of the relation, unless something newer is known: when it ended, or none when it goes on.
pub async fn relation_in_tx(tx: &Tx, person: PersonId, ended: Option<Timestamp>, seen: i64) -> Result<bool, Error> {
    let mut row = locked_in_tx(tx, person).await?;
    tx.forget(person);
    if row.relation_seen >= seen || State::of(row.state) == State::Erased {
        return Ok(false);
    }
    (row.relation_end, row.relation_seen) = (ended, seen);
    tx.update::<Entity>(&mut row).await?;
    Ok(true)
}

/// Takes over what privacy says, unless something newer is known. Answers whether it did.
pub async fn apply_in_tx(tx: &Tx, person: PersonId, state: State, withdrawn: i64, seen: i64) -> Result<bool, Error> {
    let mut row = changing_in_tx(tx, person).await?;
    if row.seen >= seen || State::of(row.state) == State::Erased {
        return Ok(false);
    }
    (row.state, row.withdrawn, row.seen) = (state as i32, withdrawn, seen);
    tx.update::<Entity>(&mut row).await?;
    Ok(true)
}

/// Notes that retention ended rows of this person here, whatever their state is: who finds nothing later knows why.
pub async fn note_expired_in_tx(tx: &Tx, person: PersonId) -> Result<(), Error> {
    let mut row = locked_in_tx(tx, person).await?;
    tx.forget(person);
    row.expired_at = Some(tx.clock().now());
    tx.update::<Entity>(&mut row).await
}

/// When retention last ended rows of this person here.
pub(crate) async fn expired_at_in_tx(tx: &Tx, person: PersonId) -> Result<Option<Timestamp>, Error> {
    Ok(locked_in_tx(tx, person).await?.expired_at)
}

/// Marks a person erased, for ever.
pub async fn erase_in_tx(tx: &Tx, person: PersonId) -> Result<(), Error> {
    let mut row = changing_in_tx(tx, person).await?;
    row.state = State::Erased as i32;
    tx.update::<Entity>(&mut row).await?;
    tx.admit_unchecked(person);
    Ok(())
}
