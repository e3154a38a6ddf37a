//! The keyring: one key per person, in a database of its own. No purpose, no key; no key, no plaintext.

mod grants;
mod recorder;
mod rotation;
mod rows;
mod rpc;
mod rules;
mod secret_file;
mod service;
mod witness;
mod wrapping;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use contract::{Category, Purpose};
use foundation::{PersonId, Timestamp, sabotage, uuid::Uuid};
use personal_data::{Db, Error, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter};
use zeroize::Zeroizing;

pub use rotation::{Rotation, rotate, wrapped_by};
pub use secret_file::KeyFileError;
pub(crate) use secret_file::secret_file;
pub use service::{Migrations, holds, init};
pub use wrapping::{KeyAddressError, KeyEncryption};

use rows::{handle, index_key, key_grant, person_key};
use wrapping::Wrapped;

/// How long a data key may stay on loan.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

#[derive(Clone)]
pub(crate) struct Keyring {
    db: Db,
    wrapping: KeyEncryption,
}

/// A data key, or why there is none.
pub(crate) enum Leased {
    Key(Zeroizing<[u8; 32]>),
    Refused(Error),
}

impl Keyring {
    pub fn new(db: Db, wrapping: KeyEncryption) -> Self {
        Self { db, wrapping }
    }

    /// Makes the key of a person who has none. An erased person never gets another.
    pub async fn create(&self, person: PersonId) -> Result<(), Error> {
        let known = query::anonymous::<person_key::Entity>().filter(person_key::Column::Person.eq(person)).one(&self.db).await?;
        if let Some(row) = known {
            return if row.wrapped.is_none() { Err(Error::Erased) } else { Ok(()) };
        }
        let fresh = Zeroizing::new(rand::random::<[u8; 32]>());
        let Wrapped { bytes, by } = self.wrapping.wrap_one(person.0, &fresh).await?;
        let tx = self.db.begin("keyring.create-key").await?;
        let now = tx.clock().now();
        tx.insert_once::<person_key::Entity>(person_key::Model {
            person,
            wrapped: Some(bytes),
            wrapped_by: by,
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
        let asked: Vec<_> = people.iter().map(|person| permitted(rows.iter().find(|row| row.person == *person), purpose)).collect();
        let wrapped = people.iter().zip(&asked).filter_map(|(person, asked)| Some((person.0, asked.as_ref().ok()?.clone())));
        let mut opened = self.wrapping.unwrap(wrapped.collect()).await?.into_iter();
        let mut answers = Vec::with_capacity(people.len());
        let mut granted = Vec::new();
        for (person, asked) in people.iter().zip(asked) {
            let key = asked.and_then(|_| opened.next().unwrap_or(Err(Error::KeyringAway)));
            answers.push(match key {
                Ok(key) => {
                    granted.push(*person);
                    Leased::Key(rules::data_key(&key, service, category))
                }
                Err(error) => Leased::Refused(error),
            });
        }
        let mut noted = self.note_grants(service, &granted, category, purpose).await?.into_iter();
        for leased in answers.iter_mut().filter(|leased| matches!(leased, Leased::Key(_))) {
            // Destroyed while it was unwrapped: nothing leaves that is not noted.
            if noted.next().flatten().is_none() {
                *leased = Leased::Refused(Error::Erased);
            }
        }
        Ok(answers)
    }

    /// Written before the keys leave: the record of who asked for whose, for what. Answers the handle of each, in their order.
    async fn note_grants(
        &self,
        service: &str,
        people: &[PersonId],
        category: Category,
        purpose: Purpose,
    ) -> Result<Vec<Option<Uuid>>, Error> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let handles = self.handles(service, people).await?;
        let now = self.db.clock().now();
        let hour = rules::hour(now);
        let ids: Vec<_> = handles.iter().flatten().map(|handle| (rules::grant_id(*handle, category, purpose, hour), *handle)).collect();
        let noted = key_grant::Column::Id.is_in(ids.iter().map(|(id, _)| *id));
        let noted = query::anonymous::<key_grant::Entity>().filter(noted).all(&self.db).await?;
        let noted: HashSet<Uuid> = noted.into_iter().map(|grant| grant.id).collect();
        let mut missing = ids.into_iter().filter(|(id, _)| !noted.contains(id)).peekable();
        if missing.peek().is_none() {
            return Ok(handles);
        }
        let tx = self.db.begin("keyring.note-grants").await?;
        for (id, handle) in missing {
            let grant = key_grant::Model { id, handle, category: category as i32, purpose: purpose as i32, hour, first_at: now };
            tx.insert_once::<key_grant::Entity>(grant).await?;
        }
        tx.commit().await?;
        Ok(handles)
    }

    /// The handle of each person in one service's access log, in their order; made when missing, none for the erased and unknown.
    pub async fn handles(&self, service: &str, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error> {
        let mut known = self.handles_in(service, people).await?;
        let missing: Vec<_> = people.iter().copied().filter(|person| !known.contains_key(&person.0)).collect();
        if !missing.is_empty() && self.make_handles(service, &missing).await? {
            known.extend(self.handles_in(service, &missing).await?);
        }
        Ok(people.iter().map(|person| known.get(&person.0).copied()).collect())
    }

    async fn handles_in(&self, service: &str, people: &[PersonId]) -> Result<HashMap<Uuid, Uuid>, Error> {
        let select = query::anonymous::<handle::Entity>().filter(handle::Column::Person.is_in(people.iter().map(|person| person.0)));
        let rows = select.filter(handle::Column::Service.eq(service)).all(&self.db).await?;
        Ok(rows.into_iter().map(|row| (row.person, row.handle)).collect())
    }

    /// Answers whether any of them has a key, and so a handle.
    async fn make_handles(&self, service: &str, people: &[PersonId]) -> Result<bool, Error> {
        let tx = self.db.begin("keyring.make-handle").await?;
        let mut made = false;
        for person in people {
            if find(&tx, *person).await?.is_none_or(|row| row.wrapped.is_none()) {
                continue;
            }
            made = true;
            let row = handle::Model { handle: Uuid::new_v4(), person: person.0, service: service.to_owned() };
            tx.insert_once::<handle::Entity>(row).await?;
        }
        if made {
            tx.commit().await?;
        }
        Ok(made)
    }

    /// The key of a service's blind indexes, made on the first call.
    pub async fn index_key(&self, service: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let id = rules::index_key_id(service);
        let find = || query::anonymous::<index_key::Entity>().filter(index_key::Column::Id.eq(id));
        if let Some(row) = find().one(&self.db).await? {
            return self.wrapping.unwrap_one(id, Wrapped { bytes: row.wrapped, by: row.wrapped_by }).await;
        }
        let fresh = Zeroizing::new(rand::random::<[u8; 32]>());
        let Wrapped { bytes: wrapped, by: wrapped_by } = self.wrapping.wrap_one(id, &fresh).await?;
        let tx = self.db.begin("keyring.make-index-key").await?;
        tx.insert_once::<index_key::Entity>(index_key::Model { id, service: service.to_owned(), wrapped, wrapped_by }).await?;
        tx.commit().await?;
        let row = find().one(&self.db).await?.ok_or(Error::KeyringAway)?;
        self.wrapping.unwrap_one(id, Wrapped { bytes: row.wrapped, by: row.wrapped_by }).await
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
        row.wrapped_by = String::new();
        tx.update::<person_key::Entity>(&mut row).await?;
        for handle in query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&tx).await? {
            tx.delete::<handle::Entity>(&handle).await?;
        }
        tx.commit().await?;
        self.db.checkpoint().await?;
        Ok(now)
    }
}

/// What is to be unwrapped, if the person's state permits it.
fn permitted(row: Option<&person_key::Model>, purpose: Purpose) -> Result<Wrapped, Error> {
    let row = row.ok_or(Error::NoSuchPerson)?;
    if row.wrapped.is_none() {
        return Err(Error::Erased);
    }
    person_state::permits(rows::state_of(row), row.withdrawn, purpose)?;
    Ok(row.wrapped())
}

async fn find(tx: &personal_data::Tx, person: PersonId) -> Result<Option<person_key::Model>, Error> {
    Ok(query::anonymous::<person_key::Entity>().filter(person_key::Column::Person.eq(person.0)).one(tx).await?)
}
