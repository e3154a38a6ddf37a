//! The keyring: one key per person, in a database of its own. No purpose, no key; no key, no plaintext.

mod encryption_key;
mod recorder;
mod rows;
mod rpc;
mod rules;
mod service;

use std::time::Duration;

use contract::{Category, Purpose};
use foundation::{PersonId, Timestamp, sabotage, uuid::Uuid};
use personal_data::{Db, Error, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter};
use zeroize::Zeroizing;

pub(crate) use encryption_key::secret_file;
pub use encryption_key::{KeyEncryptionKey, KeyFileError};
pub use service::init;

use rows::{handle, index_key, key_grant, person_key};

/// How long a data key may stay on loan.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

#[derive(Clone)]
pub(crate) struct Keyring {
    db: Db,
    wrapping: KeyEncryptionKey,
}

/// A data key, or why there is none.
pub(crate) enum Leased {
    Key(Zeroizing<[u8; 32]>),
    Refused(Error),
}

impl Keyring {
    pub fn new(db: Db, wrapping: KeyEncryptionKey) -> Self {
        Self { db, wrapping }
    }

    /// Makes the key of a person who has none. An erased person never gets another.
    pub async fn create(&self, person: PersonId) -> Result<(), Error> {
        let fresh = Zeroizing::new(rand::random::<[u8; 32]>());
        let tx = self.db.begin("keyring.create-key").await?;
        let now = tx.clock().now();
        tx.insert_once::<person_key::Entity>(person_key::Model {
            person,
            wrapped: Some(self.wrapping.wrap(person.0, &fresh)?),
            state: person_state::State::Active as i32,
            withdrawn: 0,
            seen: 0,
            created_at: now,
            destroyed_at: None,
            version: 0,
        })
        .await?;
        let row = find(&tx, person).await?.ok_or(Error::NoSuchPerson)?;
        tx.commit().await?;
        if row.wrapped.is_none() { Err(Error::Erased) } else { Ok(()) }
    }

    /// One answer per person, in their order. What is granted is noted per service, purpose and hour.
    pub async fn lease(&self, service: &str, people: &[PersonId], category: Category, purpose: Purpose) -> Result<Vec<Leased>, Error> {
        if !contract::Contract::get().may(service, category, purpose) && !sabotage::breaks("P34") {
            return Err(Error::Undeclared { category, purpose });
        }
        let rows = query::anonymous::<person_key::Entity>().filter(person_key::Column::Person.is_in(people.to_vec())).all(&self.db).await?;
        let mut answers = Vec::with_capacity(people.len());
        let mut granted = Vec::new();
        for person in people {
            let row = rows.iter().find(|row| row.person == *person);
            answers.push(match row.ok_or(Error::NoSuchPerson).and_then(|row| self.data_key(row, service, category, purpose)) {
                Ok(key) => {
                    granted.push(*person);
                    Leased::Key(key)
                }
                Err(error) => Leased::Refused(error),
            });
        }
        self.note_grants(service, &granted, category, purpose).await?;
        Ok(answers)
    }

    fn data_key(&self, row: &person_key::Model, service: &str, category: Category, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, Error> {
        let wrapped = row.wrapped.as_deref().ok_or(Error::Erased)?;
        person_state::permits(rows::state_of(row), row.withdrawn, purpose)?;
        let person_key = self.wrapping.unwrap(row.person.0, wrapped)?;
        Ok(rules::data_key(&person_key, service, category))
    }

    /// Written before the keys leave: the record of who asked for whose, for what.
    async fn note_grants(&self, service: &str, people: &[PersonId], category: Category, purpose: Purpose) -> Result<(), Error> {
        if people.is_empty() {
            return Ok(());
        }
        let handles = self.handles(service, people).await?;
        let hour = rules::hour(self.db.clock().now());
        let mut missing = Vec::new();
        for handle in handles.into_iter().flatten() {
            let id = rules::grant_id(handle, category, purpose, hour);
            if query::anonymous::<key_grant::Entity>().filter(key_grant::Column::Id.eq(id)).one(&self.db).await?.is_none() {
                missing.push(key_grant::Model { id, handle, category: category as i32, purpose: purpose as i32, hour });
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let tx = self.db.begin("keyring.note-grants").await?;
        for grant in missing {
            tx.insert_once::<key_grant::Entity>(grant).await?;
        }
        tx.commit().await
    }

    /// The handle of each person in one service's access log; made when missing, none for the erased and unknown.
    pub async fn handles(&self, service: &str, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error> {
        let mut answers = Vec::with_capacity(people.len());
        for person in people {
            answers.push(match self.handle_of(service, *person).await? {
                Some(handle) => Some(handle),
                None => self.make_handle(service, *person).await?,
            });
        }
        Ok(answers)
    }

    async fn handle_of(&self, service: &str, person: PersonId) -> Result<Option<Uuid>, Error> {
        let select = query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0));
        Ok(select.filter(handle::Column::Service.eq(service)).one(&self.db).await?.map(|row| row.handle))
    }

    async fn make_handle(&self, service: &str, person: PersonId) -> Result<Option<Uuid>, Error> {
        let tx = self.db.begin("keyring.make-handle").await?;
        if find(&tx, person).await?.is_none_or(|row| row.wrapped.is_none()) {
            return Ok(None);
        }
        let row = handle::Model { handle: Uuid::new_v4(), person: person.0, service: service.to_owned() };
        tx.insert_once::<handle::Entity>(row).await?;
        tx.commit().await?;
        self.handle_of(service, person).await
    }

    /// The key of a service's blind indexes, made on the first call.
    pub async fn index_key(&self, service: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let id = rules::index_key_id(service);
        let find = || query::anonymous::<index_key::Entity>().filter(index_key::Column::Id.eq(id));
        if let Some(row) = find().one(&self.db).await? {
            return self.wrapping.unwrap(id, &row.wrapped);
        }
        let fresh = Zeroizing::new(rand::random::<[u8; 32]>());
        let tx = self.db.begin("keyring.make-index-key").await?;
        tx.insert_once::<index_key::Entity>(index_key::Model { id, service: service.to_owned(), wrapped: self.wrapping.wrap(id, &fresh)? })
            .await?;
        tx.commit().await?;
        let row = find().one(&self.db).await?.ok_or(Error::KeyringAway)?;
        self.wrapping.unwrap(id, &row.wrapped)
    }

    /// Services to which a data key of this person was ever lent.
    pub async fn witness(&self, person: PersonId) -> Result<Vec<String>, Error> {
        let mut services = Vec::new();
        for row in query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&self.db).await? {
            let lent = query::anonymous::<key_grant::Entity>().filter(key_grant::Column::Handle.eq(row.handle));
            if lent.one(&self.db).await?.is_some() {
                services.push(row.service);
            }
        }
        services.sort();
        Ok(services)
    }

    pub async fn handles_of(&self, person: PersonId) -> Result<Vec<Uuid>, Error> {
        let rows = query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&self.db).await?;
        Ok(rows.into_iter().map(|row| row.handle).collect())
    }

    /// Takes over what privacy says of a person; something older than what is known changes nothing.
    pub async fn set_state(&self, person: PersonId, restricted: bool, withdrawn: &[Purpose], seen: i64) -> Result<(), Error> {
        let tx = self.db.begin("keyring.set-state").await?;
        let mut row = find(&tx, person).await?.ok_or(Error::NoSuchPerson)?;
        if row.seen < seen && row.wrapped.is_some() {
            let state = if restricted { person_state::State::Restricted } else { person_state::State::Active };
            (row.state, row.seen) = (state as i32, seen);
            row.withdrawn = withdrawn.iter().fold(0, |bits, purpose| bits | person_state::bit(*purpose));
            tx.update::<person_key::Entity>(&mut row).await?;
        }
        tx.commit().await
    }

    /// Destroys the key and the handles for ever; says when. A person who never had a key gets a tombstone.
    pub async fn destroy(&self, person: PersonId) -> Result<Timestamp, Error> {
        self.create(person).await.or_else(|error| if matches!(error, Error::Erased) { Ok(()) } else { Err(error) })?;
        let tx = self.db.begin("keyring.destroy-key").await?;
        let mut row = find(&tx, person).await?.ok_or(Error::NoSuchPerson)?;
        if let Some(at) = row.destroyed_at {
            drop(tx);
            // Destroyed, perhaps, by a call that did not come this far.
            self.db.checkpoint().await?;
            return Ok(at);
        }
        let now = tx.clock().now();
        (row.wrapped, row.destroyed_at, row.state) = (None, Some(now), person_state::State::Erased as i32);
        tx.update::<person_key::Entity>(&mut row).await?;
        for handle in query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&tx).await? {
            tx.delete::<handle::Entity>(&handle).await?;
        }
        tx.commit().await?;
        self.db.checkpoint().await?;
        Ok(now)
    }
}

async fn find(tx: &personal_data::Tx, person: PersonId) -> Result<Option<person_key::Model>, Error> {
    Ok(query::anonymous::<person_key::Entity>().filter(person_key::Column::Person.eq(person.0)).one(tx).await?)
}
