//! Who touched whose data, for what: append-only, each entry chained to the one before, written before the answer leaves.

use std::sync::Arc;

use contract::{Category, Purpose, Role, privacy::v1 as pb};
use foundation::{PersonId, Timestamp, sabotage, uuid::Uuid};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, QuerySelect, Statement, entity::prelude::*};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{Db, Error, PersonalData, Tx, keys::Keys, query, schema};

/// One link of this service's chain. Handles are mapped to people only in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "access_entry")]
#[personal(none = "random handles instead of people; the mapping is in the keyring and goes with the person's key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key, plain = "the place in the chain")]
    pub sequence: i64,
    #[personal(time)]
    pub at: Timestamp,
    #[personal(plain = "a random handle, or nothing")]
    pub actor_handle: String,
    #[personal(plain = "a role, a service, or `self`")]
    pub actor_role: String,
    #[personal(plain = "a random handle, or nothing")]
    pub subject_handle: String,
    #[personal(plain = "the method's name")]
    pub method: String,
    #[personal(plain = "names of categories")]
    pub categories: String,
    #[personal(code)]
    pub purpose: i32,
    #[personal(plain = "`granted`, or the reason of the refusal")]
    pub decision: String,
    #[personal(plain = "hash of the entry before")]
    pub previous_hash: Vec<u8>,
    #[personal(plain = "SHA-256 over this entry")]
    pub hash: Vec<u8>,
}

pub(crate) fn table() -> schema::Table {
    schema::bare("access_entry")
        .number_key("sequence")
        .time("at")
        .text("actor_handle")
        .text("actor_role")
        .text("subject_handle")
        .text("method")
        .text("categories")
        .code("purpose")
        .text("decision")
        .bytes("previous_hash")
        .bytes("hash")
}

/// What is to be recorded of one person's part in a call.
#[derive(Clone, Debug)]
pub struct Entry {
    pub actor: Actor,
    pub subject: Option<PersonId>,
    pub method: String,
    pub categories: Vec<Category>,
    pub purpose: Purpose,
    pub decision: Decision,
    pub session: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Nobody,
    /// Without a role: a person about their own data.
    Person {
        id: PersonId,
        role: Option<Role>,
    },
    Service(String),
    Link,
    Partner(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Granted,
    Refused(&'static str),
}

/// Where a service's accesses are recorded.
#[async_trait::async_trait]
pub trait AccessRecorder: Send + Sync {
    /// Durable when it returns; on an error the answer must not leave.
    async fn record(&self, entries: Vec<Entry>) -> Result<(), Error>;
}

/// Who knows the random handle of a person in a service's log.
#[async_trait::async_trait]
pub trait Handles: Send + Sync {
    /// None once the person is erased.
    async fn handle(&self, person: PersonId) -> Result<Option<Uuid>, Error>;
}

#[async_trait::async_trait]
impl Handles for Keys {
    async fn handle(&self, person: PersonId) -> Result<Option<Uuid>, Error> {
        Keys::handle(self, person).await
    }
}

/// The chain in a service's own database. Clones share the lock on its end.
#[derive(Clone)]
pub struct AccessLog {
    db: Db,
    handles: Arc<dyn Handles>,
    end: Arc<Mutex<()>>,
}

impl AccessLog {
    pub fn new(db: Db, keys: Keys) -> Self {
        Self::with_handles(db, Arc::new(keys))
    }

    pub fn with_handles(db: Db, handles: Arc<dyn Handles>) -> Self {
        Self { db, handles, end: Arc::new(Mutex::new(())) }
    }

    /// Entries after `sequence`, at most `limit`, for the batch to privacy.
    pub async fn after(&self, sequence: i64, limit: u64) -> Result<Vec<Model>, Error> {
        let select = query::anonymous::<Entity>().filter(Column::Sequence.gt(sequence)).order_by_asc(Column::Sequence);
        Ok(select.limit(limit).all(&self.db).await?)
    }

    async fn handle(&self, person: Option<PersonId>) -> Result<String, Error> {
        match person {
            Some(person) => Ok(self.handles.handle(person).await?.map_or_else(String::new, |handle| handle.to_string())),
            None => Ok(String::new()),
        }
    }

    async fn draft(&self, entry: &Entry) -> Result<Model, Error> {
        let (actor, role) = match &entry.actor {
            Actor::Nobody => (None, "nobody".to_owned()),
            Actor::Person { id, role } => (Some(*id), role.map_or_else(|| "self".to_owned(), |r| r.as_str_name().to_lowercase())),
            Actor::Service(name) => (None, format!("service:{name}")),
            Actor::Link => (None, "link".to_owned()),
            Actor::Partner(name) => (None, format!("partner:{name}")),
        };
        let categories: Vec<_> = entry.categories.iter().map(|c| c.as_str_name()).collect();
        Ok(Model {
            sequence: 0,
            at: self.db.clock().now(),
            actor_handle: self.handle(actor).await?,
            actor_role: role,
            subject_handle: self.handle(entry.subject).await?,
            method: entry.method.clone(),
            categories: categories.join(","),
            purpose: entry.purpose as i32,
            decision: match entry.decision {
                Decision::Granted => "granted".to_owned(),
                Decision::Refused(reason) => reason.to_owned(),
            },
            previous_hash: Vec::new(),
            hash: Vec::new(),
        })
    }

    async fn append(&self, drafts: &mut [Model]) -> Result<(), Error> {
        let _end = self.end.lock().await;
        let tx = self.db.begin("access-log.append").await?;
        chain_in_tx(&tx, drafts).await?;
        tx.commit().await
    }
}

#[async_trait::async_trait]
impl AccessRecorder for AccessLog {
    async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        if entries.is_empty() || sabotage::breaks("P27") {
            return Ok(());
        }
        let mut drafts = Vec::with_capacity(entries.len());
        for entry in &entries {
            drafts.push(self.draft(entry).await?);
        }
        // Another replica may have taken the next place: its chain goes on, ours follows it.
        for _ in 0..5 {
            match self.append(&mut drafts).await {
                Err(error) if error.is_unique_violation() => {}
                other => return other.inspect_err(|error| tracing::error!(%error, "the access log cannot be written")),
            }
        }
        Err(Error::AccessLog)
    }
}

async fn chain_in_tx(tx: &Tx, drafts: &mut [Model]) -> Result<(), Error> {
    // Replicas take turns until commit; else each finds its place taken, again and again. SQLite has one writer anyway.
    if tx.get_database_backend() == DbBackend::Postgres {
        let turn = "SELECT pg_advisory_xact_lock(hashtext('access_entry'))";
        tx.query_one_raw(Statement::from_string(DbBackend::Postgres, turn)).await?;
    }
    let last = query::anonymous::<Entity>().order_by_desc(Column::Sequence).one(tx).await?;
    let (mut sequence, mut previous) = last.map_or((0, Vec::new()), |entry| (entry.sequence, entry.hash));
    for draft in drafts {
        sequence += 1;
        draft.sequence = sequence;
        draft.previous_hash = previous;
        draft.hash = hash(draft);
        previous = draft.hash.clone();
        tx.insert::<Entity>(draft.clone()).await?;
    }
    Ok(())
}

/// SHA-256 over every field before `hash`, each with its length, so that no two entries read alike.
pub fn hash(entry: &Model) -> Vec<u8> {
    let mut digest = Sha256::new();
    let numbers = [entry.sequence.to_be_bytes(), entry.at.micros().to_be_bytes(), i64::from(entry.purpose).to_be_bytes()];
    let texts = [&entry.actor_handle, &entry.actor_role, &entry.subject_handle, &entry.method, &entry.categories, &entry.decision];
    let parts = numbers.iter().map(|n| n.as_slice()).chain(texts.iter().map(|t| t.as_bytes())).chain([entry.previous_hash.as_slice()]);
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

impl From<Model> for pb::AccessEntry {
    fn from(entry: Model) -> Self {
        Self {
            sequence: entry.sequence,
            at: Some(entry.at.to_proto()),
            actor_handle: entry.actor_handle,
            actor_role: entry.actor_role,
            subject_handle: entry.subject_handle,
            method: entry.method,
            categories: entry.categories,
            purpose: entry.purpose,
            decision: entry.decision,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}

impl From<pb::AccessEntry> for Model {
    fn from(entry: pb::AccessEntry) -> Self {
        Self {
            sequence: entry.sequence,
            at: entry.at.as_ref().map_or(Timestamp::from_micros(0), Timestamp::from_proto),
            actor_handle: entry.actor_handle,
            actor_role: entry.actor_role,
            subject_handle: entry.subject_handle,
            method: entry.method,
            categories: entry.categories,
            purpose: entry.purpose,
            decision: entry.decision,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}
