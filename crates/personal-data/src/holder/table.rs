//! One mapped table behind one object-safe face.

use std::{collections::VecDeque, marker::PhantomData};

use contract::{Class, Purpose};
use foundation::{PersonId, Timestamp};
use sea_orm::{
    ColumnTrait, DbBackend, DeleteMany, ExprTrait, Iden, IntoActiveModel, Iterable, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Statement, Value,
    sea_query::{Alias, Expr, Query, UpdateStatement},
};

use super::{
    CopyReport, Current, ExportedRow, Kept, copied,
    export::{self, Page},
    shown,
};
use crate::{
    Db, Error, JsonValue, Mapped, Tx,
    keys::{Keys, RawKey},
    map::{ColumnMap, TableMap},
};

/// A table of this service, seen by export and erasure.
#[async_trait::async_trait]
pub trait HeldTable: Send + Sync {
    fn map(&self) -> &'static TableMap;
    fn boxed_clone(&self) -> Box<dyn HeldTable>;
    /// Rows that are this person's.
    async fn count_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
    /// A page of rows as JSON, by key, after the row with the key `after`. A data key is borrowed only when there is something to open.
    async fn export_page(&self, db: &Db, person: PersonId, keys: &Keys, after: Option<Value>) -> Result<Page, Error>;
    /// Keys of this person's objects, by column.
    async fn objects(&self, db: &Db, person: PersonId) -> Result<Vec<(String, String)>, Error>;
    /// Whether any row is this person's.
    async fn holds_of(&self, db: &Db, person: PersonId) -> Result<bool, Error>;
    /// Corrects the copies of these classes in this person's rows.
    async fn rectify_in_tx(
        &self,
        tx: &Tx,
        person: PersonId,
        key: &RawKey,
        classes: &[Class],
        current: &Current,
    ) -> Result<CopyReport, Error>;
    /// Deletes this person's rows.
    async fn delete_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
    /// Takes this person out of rows that are somebody else's.
    async fn forget_in_others_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error>;
    /// What a law keeps of this person here, row by row.
    async fn kept_in_tx(&self, tx: &Tx, person: PersonId) -> Result<Vec<Kept>, Error>;
    /// The statements of these three, for whoever asks how the database would carry them out.
    fn erasing(&self, backend: DbBackend, person: PersonId) -> Vec<Statement>;
}

struct Of<E>(PhantomData<fn() -> E>);

#[allow(clippy::disallowed_methods, reason = "the holder runs over the map itself, restricted people included")]
impl<E: Mapped> Of<E> {
    fn owned(person: PersonId) -> Option<Select<E>> {
        E::owner().map(|owner| E::find().filter(owner.eq(person)))
    }

    fn deleting(person: PersonId) -> Option<DeleteMany<E>> {
        E::owner().map(|owner| E::delete_many().filter(owner.eq(person)))
    }

    fn forgetting(person: PersonId) -> impl Iterator<Item = UpdateStatement> {
        E::others().iter().map(move |column| {
            let mut update = Query::update();
            update
                .table(Alias::new(E::MAP.table))
                .value(*column, Expr::value(Value::Uuid(None)))
                .and_where(ExprTrait::eq(Expr::col(*column), person.0));
            // Who read the row before may not write this person back.
            if let Some(version) = E::version() {
                update.value(version, ExprTrait::add(Expr::col(version), 1));
            }
            update
        })
    }
}

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
        match Self::owned(person) {
            Some(owned) => Ok(owned.count(tx).await?),
            None => Ok(0),
        }
    }

    async fn export_page(&self, db: &Db, person: PersonId, keys: &Keys, after: Option<Value>) -> Result<Page, Error> {
        let Some(owner) = E::owner() else { return Ok(Page::default()) };
        let mut select = E::find().filter(owner.eq(person)).order_by_asc(E::key()).limit(export::PAGE);
        if let Some(after) = after {
            select = select.filter(E::key().gt(after));
        }
        let models = select.all(db).await?;
        let next = models.last().filter(|_| models.len() as u64 == export::PAGE).map(|last| last.get(E::key()));
        let sealed = E::MAP.columns.iter().any(ColumnMap::is_sealed) && !models.is_empty();
        let key = match E::MAP.category().filter(|_| sealed) {
            Some(category) => Some(keys.raw(person, category, Purpose::Rights).await?),
            None => None,
        };
        let mut rows = VecDeque::with_capacity(models.len());
        for model in models {
            let mut json = serde_json::Map::new();
            let sealed = key.as_ref().map_or_else(|| Ok(Vec::new()), |key| E::opened(&model, key))?;
            for column in E::Column::iter() {
                let name = column.to_string();
                let word = E::MAP.columns.iter().find(|c| c.name == name).map_or("", |c| c.word);
                let value = match sealed.iter().find(|(column, _)| *column == name) {
                    Some((_, opened)) => opened.clone(),
                    None => shown::plain(&name, word, model.get(column)),
                };
                json.insert(name, value);
            }
            let objects = E::objects().iter().filter_map(|c| shown::text(model.get(*c)).map(|key| (c.to_string(), key))).collect();
            rows.push_back(ExportedRow { table: E::MAP.table, json: JsonValue::Object(json), objects });
        }
        Ok(Page { rows, next })
    }

    async fn objects(&self, db: &Db, person: PersonId) -> Result<Vec<(String, String)>, Error> {
        let Some(owner) = E::owner() else { return Ok(Vec::new()) };
        if E::objects().is_empty() {
            return Ok(Vec::new());
        }
        let rows = E::find().filter(owner.eq(person)).all(db).await?;
        Ok(rows
            .iter()
            .flat_map(|model| E::objects().iter().filter_map(|c| shown::text(model.get(*c)).map(|key| (c.to_string(), key))))
            .collect())
    }

    async fn holds_of(&self, db: &Db, person: PersonId) -> Result<bool, Error> {
        match Self::owned(person) {
            Some(owned) => Ok(owned.one(db).await?.is_some()),
            None => Ok(false),
        }
    }

    async fn rectify_in_tx(
        &self,
        tx: &Tx,
        person: PersonId,
        key: &RawKey,
        classes: &[Class],
        current: &Current,
    ) -> Result<CopyReport, Error> {
        copied::rectify_in_tx::<E>(tx, person, key, classes, current).await
    }

    async fn delete_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error> {
        match Self::deleting(person) {
            Some(deleting) => Ok(deleting.exec(tx).await?.rows_affected),
            None => Ok(0),
        }
    }

    async fn forget_in_others_in_tx(&self, tx: &Tx, person: PersonId) -> Result<u64, Error> {
        let mut forgotten = 0;
        for update in Self::forgetting(person) {
            forgotten += sea_orm::ConnectionTrait::execute(tx, &update).await?.rows_affected();
        }
        Ok(forgotten)
    }

    async fn kept_in_tx(&self, tx: &Tx, person: PersonId) -> Result<Vec<Kept>, Error> {
        let (Some(_), Some(owned), Some(keep)) = (E::MAP.law(), Self::owned(person), E::MAP.keep) else { return Ok(Vec::new()) };
        let rows = owned.all(tx).await?;
        let moment = keep.at.and_then(|at| E::Column::iter().find(|column| column.to_string() == at.column));
        let kept = |model: &E::Model| {
            let (Value::Uuid(Some(item)), Value::BigInt(Some(at))) = (model.get(E::key()), model.get(moment?)) else { return None };
            Some(Kept { item, until: keep.ends(Timestamp::from_micros(at)) })
        };
        let mut all: Vec<_> = rows.iter().filter_map(kept).collect();
        all.sort_by_key(|kept| (kept.until, kept.item));
        Ok(all)
    }

    fn erasing(&self, backend: DbBackend, person: PersonId) -> Vec<Statement> {
        let read = Self::owned(person).map(|owned| owned.build(backend));
        let delete = Self::deleting(person).map(|deleting| deleting.build(backend));
        read.into_iter().chain(delete).chain(Self::forgetting(person).map(|update| backend.build(&update))).collect()
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
