//! What every holder does alike over its map: export, erase, describe, and look for what nobody declared.

mod erase;
mod export;
mod scan;
mod table;

use std::sync::Arc;

use foundation::PersonId;

pub use erase::{ClassReport, ErasureReport};
pub use export::ExportedRow;
pub use table::{HeldTable, Tables};

use crate::{Error, map, map::TableMap};

/// The bytes behind a column that says `object = "store"`, for export and erasure.
#[async_trait::async_trait]
pub trait HeldObjects: Send + Sync {
    /// The object opened, for its owner; none when it is gone.
    async fn read(&self, person: PersonId, key: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Removes the object and all its versions; one that is gone already is no error.
    async fn remove(&self, key: &str) -> Result<(), Error>;
    /// The name of its file in an archive.
    fn file_name(&self, key: &str) -> String;
}

/// Everything that a service holds: its mapped tables and the stores that their object columns name.
#[derive(Clone)]
pub struct Holds {
    service: &'static str,
    tables: Arc<[Box<dyn HeldTable>]>,
    objects: Arc<[(&'static str, Arc<dyn HeldObjects>)]>,
}

impl Holds {
    /// `T` is a tuple of entities: all tables of the service's own, personal or not.
    pub fn of<T: Tables>(service: &'static str) -> Self {
        let mut tables = T::boxed();
        tables.extend(<(crate::person_state::Entity, crate::idempotency::Entity, crate::access_log::Entity)>::boxed());
        Self { service, tables: tables.into(), objects: Arc::new([]) }
    }

    /// Adds tables that a crate brings into every service, such as outbox and inbox.
    pub fn and<T: Tables>(self) -> Self {
        let Self { service, tables, objects } = self;
        let mut all: Vec<_> = tables.iter().map(|table| table.boxed_clone()).collect();
        all.extend(T::boxed());
        Self { service, tables: all.into(), objects }
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

    pub fn map_hash(&self) -> String {
        map::hash(&self.maps())
    }

    /// Categories and purposes that the map uses and the contract's holder option does not declare, in words.
    pub fn undeclared(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for map in self.maps() {
            let Some(category) = map.category() else { continue };
            for purpose in map.purposes() {
                if !contract::Contract::get().may(self.service, category, *purpose) {
                    findings.push(format!(
                        "{}.{} uses {} for {}, which the contract's holder option does not declare",
                        self.service,
                        map.table,
                        category.as_str_name(),
                        purpose.as_str_name()
                    ));
                }
            }
        }
        findings
    }

    fn store(&self, map: &TableMap, column: &str) -> Option<&Arc<dyn HeldObjects>> {
        let name = map.columns.iter().find(|c| c.name == column)?.note;
        self.objects.iter().find(|(store, _)| *store == name).map(|(_, objects)| objects)
    }
}
