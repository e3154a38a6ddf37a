//! One mapped table behind one object-safe face.

use std::marker::PhantomData;

use contract::Purpose;
use foundation::PersonId;
use sea_orm::{
    ColumnTrait, ExprTrait, Iden, IntoActiveModel, Iterable, ModelTrait, PaginatorTrait, QueryFilter, Value,
    sea_query::{Alias, Expr, Query},
};

use super::ExportedRow;
use crate::{
    Db, Error, JsonValue, Mapped, Tx,
    keys::Keys,
    map::{ColumnMap, TableMap},
};

/// A table of this service, seen by export and erasure.
#[async_trait::async_trait]
pub trait HeldTable: Send + Sync {
    fn map(&self) -> &'static TableMap;
    fn boxed_clone(&self) -> Box<dyn HeldTable>;
    /// Rows that are this person's.
    async fn count_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
    /// Rows as JSON, with the keys of their objects beside them. A key is borrowed only when there is something to open.
    async fn export(&self, db: &Db, person: PersonId, keys: &Keys) -> Result<Vec<ExportedRow>, Error>;
    /// Keys of this person's objects, by column.
    async fn objects(&self, db: &Db, person: PersonId) -> Result<Vec<(String, String)>, Error>;
    /// Deletes this person's rows.
    async fn delete_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
    /// Takes this person out of rows that are somebody else's.
    async fn forget_in_others_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
}

struct Of<E>(PhantomData<fn() -> E>);

#[async_trait::async_trait]
#[allow(clippy::disallowed_methods, reason = "the holder runs over the map itself, restricted people included")]
impl<E> HeldTable for Of<E>
where
    E: Mapped,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    fn map(&self) -> &'static TableMap {
        E::MAP
    }

    fn boxed_clone(&self) -> Box<dyn HeldTable> {
        Box::new(Self(PhantomData))
    }

    async fn count_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error> {
        match E::owner() {
            Some(owner) => Ok(E::find().filter(owner.eq(person)).count(tx).await?),
            None => Ok(0),
        }
    }

    async fn export(&self, db: &Db, person: PersonId, keys: &Keys) -> Result<Vec<ExportedRow>, Error> {
        let Some(owner) = E::owner() else { return Ok(Vec::new()) };
        let models = E::find().filter(owner.eq(person)).all(db).await?;
        let sealed = E::MAP.columns.iter().any(ColumnMap::is_sealed) && !models.is_empty();
        let key = match E::MAP.category().filter(|_| sealed) {
            Some(category) => Some(keys.raw(person, category, Purpose::Rights).await?),
            None => None,
        };
        let mut rows = Vec::new();
        for model in models {
            let mut json = serde_json::Map::new();
            let sealed = key.as_ref().map_or_else(|| Ok(Vec::new()), |key| E::opened(&model, key))?;
            for column in E::Column::iter() {
                let name = column.to_string();
                let word = E::MAP.columns.iter().find(|c| c.name == name).map_or("", |c| c.word);
                let value = match sealed.iter().find(|(column, _)| *column == name) {
                    Some((_, opened)) => opened.clone(),
                    None => plain(word, model.get(column)),
                };
                json.insert(name, value);
            }
            let objects = E::objects().iter().filter_map(|c| text(model.get(*c)).map(|key| (c.to_string(), key))).collect();
            rows.push(ExportedRow { table: E::MAP.table, json: JsonValue::Object(json), objects });
        }
        Ok(rows)
    }

    async fn objects(&self, db: &Db, person: PersonId) -> Result<Vec<(String, String)>, Error> {
        let Some(owner) = E::owner() else { return Ok(Vec::new()) };
        if E::objects().is_empty() {
            return Ok(Vec::new());
        }
        let rows = E::find().filter(owner.eq(person)).all(db).await?;
        Ok(rows.iter().flat_map(|model| E::objects().iter().filter_map(|c| text(model.get(*c)).map(|key| (c.to_string(), key)))).collect())
    }

    async fn delete_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error> {
        match E::owner() {
            Some(owner) => Ok(E::delete_many().filter(owner.eq(person)).exec(tx).await?.rows_affected),
            None => Ok(0),
        }
    }

    async fn forget_in_others_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error> {
        let mut forgotten = 0;
        for column in E::others() {
            let mut update = Query::update();
            update
                .table(Alias::new(E::MAP.table))
                .value(*column, Expr::value(Value::Uuid(None)))
                .and_where(ExprTrait::eq(Expr::col(*column), person.0));
            // Who read the row before may not write this person back.
            if let Some(version) = E::version() {
                update.value(version, ExprTrait::add(Expr::col(version), 1));
            }
            forgotten += sea_orm::ConnectionTrait::execute(tx, &update).await?.rows_affected();
        }
        Ok(forgotten)
    }
}

/// A column in the clear, as a person reads it; other people appear by role, hashes not at all.
fn plain(word: &str, value: Value) -> JsonValue {
    if word.contains("other_person") {
        return if matches!(value, Value::Uuid(None)) { JsonValue::Null } else { "another person".into() };
    }
    if word.contains("blind_index") || word.contains("secret") {
        return "kept as a hash that cannot be read back".into();
    }
    match value {
        Value::Bool(Some(v)) => v.into(),
        Value::SmallInt(Some(v)) => v.into(),
        Value::Int(Some(v)) => v.into(),
        Value::BigInt(Some(v)) if word.contains("time") => foundation::Timestamp::from_micros(v).to_string().into(),
        Value::BigInt(Some(v)) => v.into(),
        Value::Double(Some(v)) => v.into(),
        Value::Uuid(Some(v)) => v.to_string().into(),
        Value::String(Some(v)) => v.into(),
        Value::Bytes(Some(v)) => hex::encode(v).into(),
        _ => JsonValue::Null,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(Some(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A tuple of entities.
pub trait Tables {
    fn boxed() -> Vec<Box<dyn HeldTable>>;
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*)?) => {$(
        impl<$first $(, $rest)*> Tables for ($first, $($rest,)*)
        where
            $first: Mapped, $first::Model: IntoActiveModel<$first::ActiveModel>,
            $($rest: Mapped, $rest::Model: IntoActiveModel<$rest::ActiveModel>,)*
        {
            fn boxed() -> Vec<Box<dyn HeldTable>> {
                vec![Box::new(Of::<$first>(PhantomData)), $(Box::new(Of::<$rest>(PhantomData)),)*]
            }
        }
        tuples!($($rest)*);
    )?};
}
tuples!(A B C D F G H I J K L M N O P Q);
