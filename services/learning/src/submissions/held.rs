//! The photographs behind the data map: opened for their owner's copy, removed when they are erased.

use async_trait::async_trait;
use contract::Purpose;
use foundation::PersonId;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use objects::{ObjectKey, Objects, Prefix};
use personal_data::{
    Db, Error, category,
    holder::{HeldFile, HeldObjects},
    keys::Keys,
    query,
};
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
    async fn open(&self, person: PersonId, key: &str) -> Result<Option<HeldFile>, Error> {
        let object = parsed(key)?;
        let id = key.rsplit('/').next().unwrap_or_default();
        if self.room == Prefix::Incoming {
            let Some(meta) = self.objects.head(&object).await.map_err(failed)? else { return Ok(None) };
            let parts = as_it_came(self.objects.clone(), object, meta.size);
            return Ok(Some(HeldFile { name: format!("photographs/{id}.upload"), parts }));
        }
        let Some(context) = self.sealed_to(person, key).await? else { return Ok(None) };
        let key = self.keys.of::<category::Learning>(person, Purpose::Rights).await?;
        let opened = match found(self.objects.open_sealed(&object, key.raw().bytes(), &context).await)? {
            Some(opened) => opened,
            None => return Ok(None),
        };
        let length = opened.len();
        let extension = match self.room {
            // As it was sent: its first bytes say in which format.
            Prefix::Originals => names::extension(&opened.read(0..length.min(16)).await.map_err(failed)?),
            _ => "jpg",
        };
        let parts = opened.stream(0..length).map(|part| part.map(|bytes| bytes.to_vec()).map_err(failed));
        Ok(Some(HeldFile { name: format!("photographs/{id}.{extension}"), parts: parts.boxed() }))
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
}

/// An upload that was not taken in yet, a mebibyte at a time.
fn as_it_came(objects: Objects, object: ObjectKey, size: u64) -> BoxStream<'static, Result<Vec<u8>, Error>> {
    let steps = stream::try_unfold((objects, 0), move |(objects, at)| {
        let object = object.clone();
        async move {
            if at >= size {
                return Ok(None);
            }
            let next = size.min(at + 1024 * 1024);
            let bytes = objects.get_range(&object, at..next).await.map_err(failed)?;
            Ok(Some((bytes.to_vec(), (objects, next))))
        }
    });
    steps.boxed()
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
