//! What ends access tokens before their time: notes in the transaction that ends the session, mirrored in the cache that every
//! verifier reads.

mod mirror;
pub mod rows;
mod rpc;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cache::{Cache, CacheError};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{Db, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::token::{handle, person_revocation_key, revocation_key};

pub use mirror::Mirror;
use rows::revocation;

use crate::sessions::rows::SessionId;

/// Longer than any access token lives.
const TTL: Duration = Duration::from_secs(15 * 60);

/// A revocation could not be noted, or is not in force yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a revocation could not be told to the cache")]
    Cache(#[from] CacheError),
    #[error("a revocation could not be noted")]
    Data(#[from] personal_data::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(_: Error) -> Self {
        Self::unavailable("REVOCATION_UNAVAILABLE", "sessions cannot be ended at the moment; try again")
    }
}

/// Clones share database and cache.
#[derive(Clone)]
pub struct Revocations {
    db: Db,
    cache: Cache,
}

/// What a note is about.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Whose {
    Session = 0,
    Person = 1,
}

/// Notes of a transaction. Once it has committed they are to be told.
#[must_use = "tell it once the transaction has committed"]
pub struct Noted {
    cache: Cache,
    keys: Vec<String>,
}

impl Noted {
    /// Tells the cache. One on a server that is away is told later by the mirror, and until then verifiers do not rely on it; nobody
    /// tells one of this process later, so that its failure is ours.
    pub async fn tell(self) -> Result<(), Error> {
        for key in &self.keys {
            match tell(&self.cache, key).await {
                Ok(()) => {}
                Err(error) if self.cache.may_forget() => {
                    tracing::warn!(%error, "a revocation waits for the cache; until it has it, verifiers ask us");
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

async fn tell(cache: &Cache, key: &str) -> Result<(), CacheError> {
    cache.set(key, b"ended".to_vec(), TTL).await
}

fn key(note: &revocation::Model) -> String {
    if note.whose == Whose::Person as i32 { person_revocation_key(PersonId(note.id)) } else { revocation_key(note.id) }
}

impl Revocations {
    pub fn new(db: Db, cache: Cache) -> Self {
        Self { db, cache }
    }

    /// Ends the access tokens of these sessions with the transaction.
    pub async fn note_in_tx(&self, tx: &Tx, sessions: &[SessionId]) -> Result<Noted, personal_data::Error> {
        let mut keys = Vec::with_capacity(sessions.len());
        for session in sessions {
            keys.push(note_in_tx(tx, session.0, Whose::Session).await?);
        }
        Ok(Noted { cache: self.cache.clone(), keys })
    }

    /// Ends every access token of a person and of these sessions, in a transaction of its own: by now the person may be a tombstone,
    /// about whom no transaction is admitted.
    pub async fn end_person(&self, person: PersonId, sessions: &[SessionId]) -> Result<(), Error> {
        let tx = self.db.begin("identity.note-revocation").await?;
        let mut noted = self.note_in_tx(&tx, sessions).await?;
        noted.keys.push(note_in_tx(&tx, person.0, Whose::Person).await?);
        tx.commit_quietly().await?;
        noted.tell().await
    }

    /// Tells a cache of this process what it has forgotten with the process before. Before the first token is checked.
    pub async fn restore(&self) -> Result<(), Error> {
        if self.cache.may_forget() {
            return Ok(());
        }
        for note in self.standing(self.db.clock().now()).await? {
            tell(&self.cache, &key(&note)).await?;
        }
        Ok(())
    }

    /// What stands now, for whoever cannot ask the cache: a handle for each.
    pub async fn handles(&self) -> Result<Vec<u8>, Error> {
        let standing = self.standing(self.db.clock().now()).await?;
        Ok(standing.iter().flat_map(|note| handle(&key(note))).collect())
    }

    /// What keeps a cache on a server complete; one of this process needs none.
    pub fn mirror(&self) -> Mirror {
        Mirror::new(self.clone())
    }

    async fn standing(&self, until_after: Timestamp) -> Result<Vec<revocation::Model>, Error> {
        Ok(query::anonymous::<revocation::Entity>().filter(revocation::Column::Until.gt(until_after)).all(&self.db).await?)
    }
}

async fn note_in_tx(tx: &Tx, id: Uuid, whose: Whose) -> Result<String, personal_data::Error> {
    let note = revocation::Model { id, whose: whose as i32, until: tx.clock().now().plus(TTL) };
    let key = key(&note);
    tx.insert_once::<revocation::Entity>(note).await?;
    Ok(key)
}
