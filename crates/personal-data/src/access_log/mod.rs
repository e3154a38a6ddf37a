//! Who touched whose data, for what: append-only, each entry chained to the one before, written before the answer leaves.

mod entry;
mod queue;
mod rows;

use std::{collections::HashMap, sync::Arc};

use foundation::{PersonId, sabotage, uuid::Uuid};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, QuerySelect, Statement};

pub use entry::{Actor, Decision, Entry, exception_of, is_granted};
use queue::Queue;
pub use rows::{ActiveModel, Column, Entity, Model, hash};
pub(crate) use rows::{TABLE, table};

use crate::{Db, Error, Tx, keys::Keys, query};

/// Where a service's accesses are recorded.
#[async_trait::async_trait]
pub trait AccessRecorder: Send + Sync {
    /// Durable when it returns; on an error the answer must not leave.
    async fn record(&self, entries: Vec<Entry>) -> Result<(), Error>;
}

/// Who knows the random handles of people in a service's log.
#[async_trait::async_trait]
pub trait Handles: Send + Sync {
    /// One answer per person, in their order; none for who is erased.
    async fn handles(&self, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error>;
}

#[async_trait::async_trait]
impl Handles for Keys {
    async fn handles(&self, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error> {
        Keys::handles(self, people).await
    }
}

/// The chain in a service's own database. Clones share the queue at its end.
#[derive(Clone)]
pub struct AccessLog {
    db: Db,
    handles: Arc<dyn Handles>,
    queue: Arc<Queue>,
}

impl AccessLog {
    pub fn new(db: Db, keys: Keys) -> Self {
        Self::with_handles(db, Arc::new(keys))
    }

    pub fn with_handles(db: Db, handles: Arc<dyn Handles>) -> Self {
        Self { db, handles, queue: Arc::default() }
    }

    /// Entries after `sequence`, at most `limit`, for the batch to privacy.
    pub async fn after(&self, sequence: i64, limit: u64) -> Result<Vec<Model>, Error> {
        after(&self.db, sequence, limit).await
    }

    /// One call for everybody who is named in the entries.
    async fn drafts(&self, entries: &[Entry]) -> Result<Vec<Model>, Error> {
        let named = entries.iter().flat_map(|entry| entry.actor.parts().0.into_iter().chain(entry.subject));
        let mut people: Vec<PersonId> = named.collect();
        people.sort();
        people.dedup();
        let handles = if people.is_empty() { Vec::new() } else { self.handles.handles(&people).await? };
        let known: HashMap<_, _> = people.into_iter().zip(handles).collect();
        let handle = |person: Option<PersonId>| person.and_then(|person| *known.get(&person)?).map_or_else(String::new, |h| h.to_string());
        let draft = |entry: &Entry| {
            let (actor, role) = entry.actor.parts();
            let categories: Vec<_> = entry.categories.iter().map(|c| c.as_str_name()).collect();
            Model {
                sequence: 0,
                at: self.db.clock().now(),
                actor_handle: handle(actor),
                actor_role: role,
                subject_handle: handle(entry.subject),
                method: entry.method.clone(),
                categories: categories.join(","),
                purpose: entry.purpose as i32,
                decision: entry.decision.text(),
                previous_hash: Vec::new(),
                hash: Vec::new(),
            }
        };
        Ok(entries.iter().map(draft).collect())
    }

    /// Another replica may have taken the next place: its chain goes on, ours follows it.
    async fn write(&self, drafts: &mut [Model]) -> Result<(), Error> {
        for _ in 0..5 {
            match self.append(drafts).await {
                Err(error) if error.is_unique_violation() => {}
                other => return other.inspect_err(|error| tracing::error!(%error, "the access log cannot be written")),
            }
        }
        Err(Error::AccessLog)
    }

    async fn append(&self, drafts: &mut [Model]) -> Result<(), Error> {
        let tx = self.db.begin("access-log.append").await?;
        chain_in_tx(&tx, drafts).await?;
        // It announces nothing: whoever waits for events is not woken by every call.
        tx.commit_quietly().await
    }
}

#[async_trait::async_trait]
impl AccessRecorder for AccessLog {
    async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        if entries.is_empty() || sabotage::breaks("P27") {
            return Ok(());
        }
        let drafts = self.drafts(&entries).await?;
        self.queue.write(drafts, self).await
    }
}

/// Entries of the log in this database after `sequence`, at most `limit`.
pub async fn after(db: &Db, sequence: i64, limit: u64) -> Result<Vec<Model>, Error> {
    let select = query::anonymous::<Entity>().filter(Column::Sequence.gt(sequence)).order_by_asc(Column::Sequence);
    Ok(select.limit(limit).all(db).await?)
}

async fn chain_in_tx(tx: &Tx, drafts: &mut [Model]) -> Result<(), Error> {
    // Replicas take turns until commit; else each finds its place taken, again and again. SQLite has one writer anyway.
    if tx.get_database_backend() == DbBackend::Postgres {
        let turn = "SELECT pg_advisory_xact_lock(hashtext('access_entry'))";
        tx.query_one_raw(Statement::from_string(DbBackend::Postgres, turn)).await?;
    }
    let last = query::anonymous::<Entity>().order_by_desc(Column::Sequence).one(tx).await?;
    let (mut sequence, mut previous) = last.map_or((0, Vec::new()), |entry| (entry.sequence, entry.hash));
    for draft in drafts.iter_mut() {
        sequence += 1;
        draft.sequence = sequence;
        draft.previous_hash = previous;
        draft.hash = hash(draft);
        previous = draft.hash.clone();
    }
    tx.insert_all::<Entity>(drafts.to_vec()).await
}
