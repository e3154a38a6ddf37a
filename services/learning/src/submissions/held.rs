//! The photographs behind the data map: opened for their owner's copy, removed when they are erased.

use async_trait::async_trait;
use contract::Purpose;
use foundation::PersonId;
use objects::{ObjectKey, Objects, Prefix};
use personal_data::{Db, Error, category, holder::HeldObjects, keys::Keys, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter};

use super::{
    Size, names,
    rows::submission::{Column, Entity, Model},
};

/// One of the rooms of the store.
pub struct Held {
    db: Db,
    keys: Keys,
    objects: Objects,
    room: Prefix,
}

impl Held {
    pub fn new(db: Db, keys: Keys, objects: Objects, room: Prefix) -> Self {
        Self { db, keys, objects, room }
    }

    /// The object's submission, and what the object is sealed to.
    async fn sealed_to(&self, person: PersonId, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let named =
            Condition::any().add(Column::Original.eq(key)).add(Column::Full.eq(key)).add(Column::Large.eq(key)).add(Column::Small.eq(key));
        let row: Option<Model> = query::of::<Entity>(person, Purpose::Rights).filter(named).one(&self.db).await?;
        Ok(row.map(|row| {
            let part = match key {
                key if key == row.full => Size::Full.name(),
                key if key == row.large => Size::Large.name(),
                key if key == row.small => Size::Small.name(),
                _ => names::ORIGINAL,
            };
            names::context(row.id, part)
        }))
    }
}

#[async_trait]
impl HeldObjects for Held {
    async fn read(&self, person: PersonId, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let object = parsed(key)?;
        if self.room == Prefix::Incoming {
            return found(self.objects.get(&object).await.map(|bytes| bytes.to_vec()));
        }
        let Some(context) = self.sealed_to(person, key).await? else { return Ok(None) };
        let key = self.keys.of::<category::Learning>(person, Purpose::Rights).await?;
        let opened = match found(self.objects.open_sealed(&object, key.raw().bytes(), &context).await)? {
            Some(opened) => opened,
            None => return Ok(None),
        };
        let length = opened.len();
        found(opened.read(0..length).await.map(|bytes| bytes.to_vec()))
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        let object = parsed(key)?;
        // An upload stands for everything that may have been made of it before its submission was written down.
        let made = names::upload_of(&object).map(names::sealed).into_iter().flatten();
        for object in made.chain([object]) {
            self.objects.delete(&object).await.map_err(failed)?;
        }
        Ok(())
    }

    fn file_name(&self, key: &str) -> String {
        let id = key.rsplit('/').next().unwrap_or_default();
        match self.room {
            Prefix::Renditions => format!("photographs/{id}.jpg"),
            // As it was sent: its row says in which format.
            Prefix::Originals => format!("photographs/{id}.original"),
            Prefix::Incoming => format!("photographs/{id}.upload"),
        }
    }
}

fn parsed(key: &str) -> Result<ObjectKey, Error> {
    key.parse().map_err(|_| Error::Internal("a kept object key cannot be read".into()))
}

fn found<T>(answer: Result<T, objects::Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(objects::Error::NoSuchObject) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: objects::Error) -> Error {
    Error::Internal(format!("the object store: {error}"))
}
