//! What ends access tokens before their time: notes in the cache that every verifier reads.

use std::time::Duration;

use cache::{Cache, CacheError};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{Db, PersonalData, query, schema};
use sea_orm::{ColumnTrait, QueryFilter};
use service::token::{person_revocation_key, revocation_key};

use crate::sessions::rows::SessionId;

/// Longer than any access token lives.
const TTL: Duration = Duration::from_secs(15 * 60);

/// A revocation could not be noted: whatever needed it must not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a revocation could not be told to the cache")]
    Cache(#[from] CacheError),
    #[error("a revocation could not be noted")]
    Data(#[from] personal_data::Error),
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

impl Revocations {
    pub fn new(db: Db, cache: Cache) -> Self {
        Self { db, cache }
    }

    /// Ends the access tokens of a session.
    pub async fn end_session(&self, session: SessionId) -> Result<(), Error> {
        self.note(session.0, Whose::Session).await
    }

    pub async fn end_sessions(&self, sessions: &[SessionId]) -> Result<(), Error> {
        for session in sessions {
            self.end_session(*session).await?;
        }
        Ok(())
    }

    /// Ends every access token of a person, whatever its session.
    pub async fn end_person(&self, person: PersonId) -> Result<(), Error> {
        self.note(person.0, Whose::Person).await
    }

    /// The row first: a cache that lives in memory forgets at a restart, and a token must not live again by that.
    async fn note(&self, id: Uuid, whose: Whose) -> Result<(), Error> {
        let tx = self.db.begin("identity.note-revocation").await?;
        let until = tx.clock().now().plus(TTL);
        tx.insert_once::<revocation::Entity>(revocation::Model { id, whose: whose as i32, until }).await?;
        tx.commit_quietly().await?;
        self.publish(id, whose as i32).await
    }

    async fn publish(&self, id: Uuid, whose: i32) -> Result<(), Error> {
        let key = if whose == Whose::Person as i32 { person_revocation_key(PersonId(id)) } else { revocation_key(id) };
        Ok(self.cache.set(&key, b"ended".to_vec(), TTL).await?)
    }

    /// Tells the cache what it may have forgotten. Before the first token is checked.
    pub async fn restore(&self) -> Result<(), Error> {
        let now = self.db.clock().now();
        let standing = query::anonymous::<revocation::Entity>().filter(revocation::Column::Until.gt(now));
        for row in standing.all(&self.db).await.map_err(personal_data::Error::from)? {
            self.publish(row.id, row.whose).await?;
        }
        Ok(())
    }
}

pub mod revocation {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// Kept for minutes: longer than any access token lives.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "revocation")]
    #[personal(
        none = "random identifiers of sessions and people whose tokens have ended, for a quarter of an hour",
        keep(after = ended, at = until, days = 0)
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, tombstone = "a token of somebody who was erased must open nothing; it goes within a quarter of an hour")]
        pub id: Uuid,
        #[personal(code)]
        pub whose: i32,
        #[personal(time)]
        pub until: Timestamp,
    }

    pub fn table() -> schema::Table {
        schema::table("revocation", "id").code("whose").time("until").index(&["until"])
    }
}
