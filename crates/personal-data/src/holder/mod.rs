//! What every holder does alike over its map: export, erase, describe, and look for what nobody declared.

mod copied;
mod erase;
mod export;
pub(crate) mod left_over;
mod rectify;
mod scan;
mod shown;
mod table;

use std::sync::Arc;

use foundation::PersonId;

pub use erase::{ClassReport, ErasureReport, Kept};
pub use export::{Export, ExportedRow, HeldFile, PAGE, Page};
pub use rectify::{CopyReport, Correcting, Current};
pub use shown::{GONE, WITHHELD};
pub use table::{HeldTable, Tables};

use crate::{
    Error, map,
    map::{StoreMap, TableMap},
};

/// The bytes behind a column that says `object = "store"`, for export and erasure.
#[async_trait::async_trait]
pub trait HeldObjects: Send + Sync {
    /// The object as a file, opened for its owner part by part; none when it is gone.
    async fn open(&self, person: PersonId, key: &str) -> Result<Option<HeldFile>, Error>;
    /// Removes the object and all its versions; one that is gone already is no error.
    async fn remove(&self, key: &str) -> Result<(), Error>;
}

/// Everything that a service holds: its mapped tables and the stores that their object columns name.
#[derive(Clone)]
pub struct Holds {
    service: &'static str,
    tables: Arc<[Box<dyn HeldTable>]>,
    stores: Arc<[&'static StoreMap]>,
    objects: Arc<[(&'static str, Arc<dyn HeldObjects>)]>,
}

impl Holds {
    /// `T` is a tuple of entities: all tables of the service's own, personal or not.
    pub fn of<T: Tables>(service: &'static str) -> Self {
        let mut tables = T::boxed();
        tables.extend(<crate::Tables>::boxed());
        Self { service, tables: tables.into(), stores: Arc::new([]), objects: Arc::new([]) }
    }

    /// Adds tables that a crate brings into every service, such as outbox and inbox.
    pub fn and<T: Tables>(self) -> Self {
        let Self { service, tables, stores, objects } = self;
        let mut all: Vec<_> = tables.iter().map(|table| table.boxed_clone()).collect();
        all.extend(T::boxed());
        Self { service, tables: all.into(), stores, objects }
    }

    /// Adds what is kept beside the tables: in the object store, the cache, files.
    pub fn keeps(mut self, stores: &'static [StoreMap]) -> Self {
        self.stores = self.stores.iter().copied().chain(stores).collect();
        self
    }

    pub fn with_objects(mut self, store: &'static str, objects: Arc<dyn HeldObjects>) -> Self {
        self.objects = self.objects.iter().cloned().chain([(store, objects)]).collect();
        self
    }

    pub fn service(&self) -> &'static str {
        self.service
    }

    pub fn maps(&self) -> Vec<&'static TableMap> {
        self.tables.iter().map(|table| table.map()).collect()
    }

    pub fn stores(&self) -> &[&'static StoreMap] {
        &self.stores
    }

    pub fn map_hash(&self) -> String {
        map::hash(&self.maps(), &self.stores)
    }

    /// The whole map as one text: what a database remembers of it.
    pub fn canonical_map(&self) -> String {
        map::canonical(&self.maps(), &self.stores)
    }

    /// Categories and purposes that the map uses and the contract's holder option does not declare, in words.
    pub fn undeclared(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let tables = self.tables.iter().map(|table| (table.map().table, &table.map().about));
        for (name, about) in tables.chain(self.stores.iter().map(|store| (store.store, &store.about))) {
            let Some(category) = about.category() else { continue };
            for purpose in about.purposes() {
                if !contract::Contract::get().may(self.service, category, *purpose) {
                    findings.push(format!(
                        "{}.{name} uses {} for {}, which the contract's holder option does not declare",
                        self.service,
                        category.as_str_name(),
                        purpose.as_str_name()
                    ));
                }
            }
        }
        for map in self.maps() {
            for column in map.columns.iter().filter(|column| column.says("object")) {
                if !self.stores.iter().any(|store| store.store == column.note) {
                    let place = format!("{}.{}.{}", self.service, map.table, column.name);
                    findings.push(format!("{place} names objects in `{}`, which no `StoreMap` of this service describes", column.note));
                }
            }
        }
        findings
    }

    pub(crate) fn object_store(&self, name: &str) -> Option<&Arc<dyn HeldObjects>> {
        self.objects.iter().find(|(store, _)| *store == name).map(|(_, objects)| objects)
    }

    fn store(&self, map: &TableMap, column: &str) -> Option<&Arc<dyn HeldObjects>> {
        let name = map.columns.iter().find(|c| c.name == column)?.note;
        self.objects.iter().find(|(store, _)| *store == name).map(|(_, objects)| objects)
    }
}
