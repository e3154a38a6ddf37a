//! The trait that `#[derive(PersonalData)]` implements for an entity.

use foundation::PersonId;
use sea_orm::{EntityTrait, ModelTrait};

use crate::{Error, JsonValue, keys::RawKey, map::TableMap};

/// An entity whose data map is declared. Only the derive implements it.
pub trait Mapped: EntityTrait<Model: ModelTrait<Entity = Self> + Send + Sync> {
    const MAP: &'static TableMap;

    fn key() -> Self::Column;
    fn owner() -> Option<Self::Column>;
    fn version() -> Option<Self::Column>;
    /// Columns that name somebody besides the owner.
    fn others() -> &'static [Self::Column];
    /// Columns that name an object in a store.
    fn objects() -> &'static [Self::Column];
    fn owner_of(model: &Self::Model) -> Option<PersonId>;
    fn version_of(model: &Self::Model) -> Option<i64>;
    fn set_version(model: &mut Self::Model, version: i64);
    /// Every sealed column opened, for the export.
    fn opened(model: &Self::Model, key: &RawKey) -> Result<Vec<(&'static str, JsonValue)>, Error>;
}

/// An entity that says `none`: it holds no personal data and may be read without naming a person.
pub trait Anonymous: Mapped {}

/// An entity of one person's rows.
pub trait Personal: Mapped {
    type Category: crate::category::CategoryMark;
}
