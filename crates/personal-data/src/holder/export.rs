//! A person's copy: every row of every table, sealed columns opened for `RIGHTS`.

use foundation::{PersonId, sabotage};

use super::Holds;
use crate::{Db, Error, JsonValue, keys::Keys};

/// One row, and the objects that it names (column, key).
#[derive(Debug)]
pub struct ExportedRow {
    pub table: &'static str,
    pub json: JsonValue,
    pub objects: Vec<(String, String)>,
}

/// A file that belongs to a row.
#[derive(Debug)]
pub struct ExportedFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Holds {
    /// All rows of this person, table by table.
    pub async fn export(&self, db: &Db, keys: &Keys, person: PersonId) -> Result<Vec<ExportedRow>, Error> {
        let mut rows = Vec::new();
        for table in self.tables.iter().skip(usize::from(sabotage::breaks("P17"))) {
            rows.extend(table.export(db, person, keys).await?);
        }
        Ok(rows)
    }

    /// The file behind one of a row's objects.
    pub async fn file(&self, person: PersonId, row: &ExportedRow, column: &str, key: &str) -> Result<Option<ExportedFile>, Error> {
        let Some(map) = self.maps().into_iter().find(|map| map.table == row.table) else { return Ok(None) };
        let Some(store) = self.store(map, column) else { return Ok(None) };
        Ok(store.read(person, key).await?.map(|bytes| ExportedFile { name: store.file_name(key), bytes }))
    }
}
