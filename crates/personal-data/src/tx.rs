//! A transaction: the only way to write. Each has a name, and so failpoints before and after its commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use contract::Purpose;
use foundation::{Clock, PersonId, failpoint};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IntoActiveModel, ModelTrait,
    QueryFilter, QueryResult, Statement, Value, sea_query::OnConflict,
};

use crate::{
    Db, Error, Mapped,
    person_state::{self, State},
};

pub struct Tx {
    inner: DatabaseTransaction,
    name: &'static str,
    db: Db,
    admitted: Mutex<Vec<PersonId>>,
    /// What was read under a lock that this transaction holds until its end: nobody else changes it meanwhile.
    states: Mutex<States>,
}

#[derive(Default)]
struct States {
    /// People who were admitted.
    known: BTreeMap<PersonId, person_state::Model>,
    /// People whom rows mention, and whether they are erased.
    mentioned: BTreeMap<PersonId, bool>,
}

impl Tx {
    pub(crate) fn new(inner: DatabaseTransaction, name: &'static str, db: Db) -> Self {
        Self { inner, name, db, admitted: Mutex::default(), states: Mutex::default() }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn service(&self) -> &'static str {
        self.db.service()
    }

    pub fn clock(&self) -> &Clock {
        self.db.clock()
    }

    /// Reads a person's state under a lock that lasts until commit, and lets this transaction write about them.
    pub async fn admit(&self, person: PersonId, purpose: Purpose) -> Result<(), Error> {
        person_state::admit_in_tx(self, person, purpose).await?;
        self.admitted.lock().unwrap_or_else(|e| e.into_inner()).push(person);
        Ok(())
    }

    /// For erasure and for the state itself, which must reach the restricted and the erased too.
    pub(crate) fn admit_unchecked(&self, person: PersonId) {
        self.admitted.lock().unwrap_or_else(|e| e.into_inner()).push(person);
    }

    fn is_admitted<E: Mapped>(&self, model: &E::Model) -> Result<(), Error> {
        let Some(owner) = E::owner_of(model) else { return Ok(()) };
        let admitted = self.admitted.lock().unwrap_or_else(|e| e.into_inner());
        if admitted.contains(&owner) { Ok(()) } else { Err(Error::NotAdmitted) }
    }

    fn states<T>(&self, work: impl FnOnce(&mut States) -> T) -> T {
        work(&mut self.states.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// The state of somebody who was admitted before.
    pub(crate) fn known(&self, person: PersonId) -> Option<person_state::Model> {
        self.states(|states| states.known.get(&person).cloned())
    }

    pub(crate) fn remember(&self, state: person_state::Model) {
        self.states(|states| states.known.insert(state.person, state));
    }

    /// Whatever changes a state makes this transaction read it anew.
    pub(crate) fn forget(&self, person: PersonId) {
        self.states(|states| {
            states.known.remove(&person);
            states.mentioned.remove(&person);
        });
    }

    /// Whoever is erased here is not mentioned again: what was read or told before comes late, and the row says what their erasure
    /// would have left of it.
    async fn without_the_erased<E: Mapped>(&self, model: &mut E::Model) -> Result<(), Error> {
        let others: Vec<_> = E::others()
            .iter()
            .filter_map(|column| match model.get(*column) {
                Value::Uuid(Some(other)) => Some((*column, PersonId(other))),
                _ => None,
            })
            .collect();
        // Of whom nothing is known yet, once each; all at once, so that everybody locks them in the same order.
        let unknown: BTreeSet<_> = self.states(|states| {
            let known = |person: &PersonId| states.known.contains_key(person) || states.mentioned.contains_key(person);
            others.iter().map(|(_, person)| *person).filter(|person| !known(person)).collect()
        });
        if !unknown.is_empty() {
            let erased = person_state::erased_in_tx(self, &unknown).await?;
            self.states(|states| states.mentioned.extend(unknown.into_iter().map(|person| (person, erased.contains(&person)))));
        }
        for (column, person) in others {
            let erased = self.states(|states| match states.known.get(&person) {
                Some(state) => State::of(state.state) == State::Erased,
                None => states.mentioned.get(&person).copied().unwrap_or_default(),
            });
            if erased {
                model.set(column, Value::Uuid(None));
            }
        }
        Ok(())
    }

    #[allow(clippy::disallowed_methods, reason = "the mapped way to write")]
    pub async fn insert<E>(&self, mut model: E::Model) -> Result<(), Error>
    where
        E: Mapped,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.is_admitted::<E>(&model)?;
        self.without_the_erased::<E>(&mut model).await?;
        E::insert(model.into_active_model().reset_all()).exec_without_returning(self).await?;
        Ok(())
    }

    /// Inserts rows of one table in as few statements as the engines take.
    #[allow(clippy::disallowed_methods, reason = "the mapped way to write")]
    pub(crate) async fn insert_all<E>(&self, mut models: Vec<E::Model>) -> Result<(), Error>
    where
        E: Mapped,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        /// A statement has a place for each column of each row; SQLite takes 32,766, PostgreSQL 65,535.
        const ROWS: usize = 500;
        for model in &mut models {
            self.is_admitted::<E>(model)?;
            self.without_the_erased::<E>(model).await?;
        }
        let mut rest = models.into_iter().map(|model| model.into_active_model().reset_all()).peekable();
        while rest.peek().is_some() {
            E::insert_many(rest.by_ref().take(ROWS)).exec_without_returning(self).await?;
        }
        Ok(())
    }

    /// Inserts unless a row with the same unique columns is there; answers whether it did.
    #[allow(clippy::disallowed_methods, reason = "the mapped way to write")]
    pub async fn insert_once<E>(&self, mut model: E::Model) -> Result<bool, Error>
    where
        E: Mapped,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.is_admitted::<E>(&model)?;
        self.without_the_erased::<E>(&mut model).await?;
        let insert = E::insert(model.into_active_model().reset_all()).on_conflict(OnConflict::new().do_nothing().to_owned());
        Ok(insert.exec_without_returning(self).await? == 1)
    }

    /// Writes the whole row, compare-and-set on its version: somebody else's change in between is `Changed`.
    #[allow(clippy::disallowed_methods, reason = "the mapped way to write")]
    pub async fn update<E>(&self, model: &mut E::Model) -> Result<(), Error>
    where
        E: Mapped,
        E::Model: IntoActiveModel<E::ActiveModel> + Clone,
    {
        self.is_admitted::<E>(model)?;
        self.without_the_erased::<E>(model).await?;
        let (key, seen) = (model_key::<E>(model), E::version_of(model));
        if let Some(seen) = seen {
            E::set_version(model, seen + 1);
        }
        let mut change = model.clone().into_active_model().reset_all();
        change.not_set(E::key());
        let mut update = E::update_many().set(change).filter(E::key().eq(key));
        if let (Some(column), Some(seen)) = (E::version(), seen) {
            update = update.filter(column.eq(seen));
        }
        let written = update.exec(self).await.map_err(Error::from).and_then(|done| match done.rows_affected {
            1 => Ok(()),
            _ => Err(Error::Changed(E::MAP.table)),
        });
        if let (Err(_), Some(seen)) = (&written, seen) {
            // What was not written stays as stale as it was: trying again must not succeed by counting.
            E::set_version(model, seen);
        }
        written
    }

    /// Deletes the row as it was read; somebody else's change in between is `Changed`.
    #[allow(clippy::disallowed_methods, reason = "the mapped way to write")]
    pub async fn delete<E: Mapped>(&self, model: &E::Model) -> Result<(), Error> {
        self.is_admitted::<E>(model)?;
        let mut delete = E::delete_many().filter(E::key().eq(model_key::<E>(model)));
        if let (Some(column), Some(seen)) = (E::version(), E::version_of(model)) {
            delete = delete.filter(column.eq(seen));
        }
        match delete.exec(self).await?.rows_affected {
            1 => Ok(()),
            _ => Err(Error::Changed(E::MAP.table)),
        }
    }

    pub async fn commit(self) -> Result<(), Error> {
        let committed = self.db.committed().clone();
        self.commit_quietly().await?;
        committed.notify_waiters();
        Ok(())
    }

    /// As `commit`, waking nobody: for the relay's own bookkeeping.
    pub async fn commit_quietly(self) -> Result<(), Error> {
        failpoint::at(self.name, "before-commit");
        let asked = self.db.place().asks_to("COMMIT");
        asked.done(self.inner.commit()).await?;
        failpoint::at(self.name, "after-commit");
        Ok(())
    }
}

fn model_key<E: Mapped>(model: &E::Model) -> sea_orm::Value {
    sea_orm::ModelTrait::get(model, E::key())
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let asked = self.db.place().asks(&statement.sql);
        asked.done(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.db.place().asks(sql).done(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let asked = self.db.place().asks(&statement.sql);
        asked.done(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let asked = self.db.place().asks(&statement.sql);
        asked.done(self.inner.query_all_raw(statement)).await
    }
}
