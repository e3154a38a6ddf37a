//! The copies of one mapped table, sealed anew.

use contract::Class;
use foundation::{PersonId, sabotage, uuid::Uuid};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, Iden, IntoActiveModel, Iterable, ModelTrait, QueryFilter, QueryTrait,
    Statement, Value,
};

use super::rectify::{CopyReport, Current, copies};
use crate::{
    Error, Mapped, Sealed, Tx,
    category::Rights,
    keys::{DataKey, RawKey},
    map::ColumnMap,
    retention::ticket,
    words::SealedColumn,
};

/// One table's part of a rectification.
#[allow(clippy::disallowed_methods, reason = "the holder runs over the map itself, restricted people included")]
pub(super) async fn rectify_in_tx<E>(
    tx: &Tx,
    person: PersonId,
    key: &RawKey,
    classes: &[Class],
    current: &Current,
) -> Result<CopyReport, Error>
where
    E: Mapped,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut report = CopyReport { table: E::MAP.table, copies: 0, corrected: 0, stale: 0 };
    let Some(owner) = E::owner() else { return Ok(report) };
    let columns: Vec<(E::Column, &ColumnMap)> = E::Column::iter()
        .filter_map(|column| {
            let name = column.to_string();
            E::MAP.columns.iter().find(|map| map.name == name && copies(map, classes)).map(|map| (column, map))
        })
        .collect();
    for model in E::find().filter(owner.eq(person)).all(tx).await? {
        let stale = stale::<E>(&model, key, &columns, current)?;
        if stale.is_empty() || sabotage::breaks("P18") {
            continue;
        }
        let Value::Uuid(Some(row)) = model.get(E::key()) else { continue };
        let ticketed: &[Uuid] = if E::MAP.append_only { &[row] } else { &[] };
        let statements = corrected::<E>(tx.get_database_backend(), &model, key, row, &stale);
        ticket::issue_in_tx(tx, ticketed).await?;
        for statement in statements {
            if tx.execute_raw(statement).await?.rows_affected() != 1 {
                return Err(Error::Changed(E::MAP.table));
            }
        }
        if !ticketed.is_empty() {
            ticket::withdraw_in_tx(tx, ticketed).await?;
        }
        report.corrected += stale.len() as u64;
    }
    for model in E::find().filter(owner.eq(person)).all(tx).await? {
        let opened = E::opened(&model, key)?;
        let held = columns.iter().filter(|(_, map)| opened.iter().any(|(name, value)| *name == map.name && !value.is_null()));
        report.copies += held.count() as u64;
        report.stale += stale::<E>(&model, key, &columns, current)?.len() as u64;
    }
    Ok(report)
}

/// A column, its map, and what it is to say.
type Stale<'a, C> = (C, &'a ColumnMap, &'a str);

/// Copies of a row that say something else than their source, and what they are to say.
fn stale<'a, E: Mapped>(
    model: &E::Model,
    key: &RawKey,
    columns: &[(E::Column, &'a ColumnMap)],
    current: &'a Current,
) -> Result<Vec<Stale<'a, E::Column>>, Error> {
    let opened = E::opened(model, key)?;
    let differs = |(column, map): &(E::Column, &'a ColumnMap)| {
        let (_, held) = opened.iter().find(|(name, _)| *name == map.name)?;
        let says = current.says(map.note)?;
        (held.as_str()? != says).then_some((*column, *map, says))
    };
    Ok(columns.iter().filter_map(differs).collect())
}

/// As any text of this table: what category the key is of is not in the bytes.
fn sealed(key: &RawKey, column: &str, table: &str, row: Uuid, value: &str) -> Value {
    <Sealed<Rights, str> as SealedColumn>::seal(&DataKey::new(key.clone()), table, column, row, value).into()
}

/// A row of an append-only table is replaced, against a ticket; any other is changed as it was read.
#[allow(clippy::disallowed_methods, reason = "the mapped way to write, for columns known at run time")]
fn corrected<E>(backend: DbBackend, seen: &E::Model, key: &RawKey, row: Uuid, stale: &[Stale<'_, E::Column>]) -> Vec<Statement>
where
    E: Mapped,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut next = seen.clone();
    if let Some(version) = E::version_of(seen) {
        E::set_version(&mut next, version + 1);
    }
    let mut change = next.into_active_model().reset_all();
    for (column, map, value) in stale {
        change.set(*column, sealed(key, map.name, E::MAP.table, row, value));
    }
    let by_key = E::key().eq(seen.get(E::key()));
    if E::MAP.append_only {
        return vec![E::delete_many().filter(by_key).build(backend), E::insert(change).build(backend)];
    }
    change.not_set(E::key());
    let mut update = E::update_many().set(change).filter(by_key);
    if let (Some(column), Some(version)) = (E::version(), E::version_of(seen)) {
        update = update.filter(column.eq(version));
    }
    vec![update.build(backend)]
}
