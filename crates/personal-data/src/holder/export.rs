//! A person's copy: every row of every table, sealed columns opened for `RIGHTS`, a page at a time.

use std::collections::VecDeque;

use foundation::{PersonId, sabotage};
use futures::stream::BoxStream;
use sea_orm::Value;

use super::{Holds, shown};
use crate::{Db, Error, JsonValue, keys::Keys};

/// Rows read at once: what an export holds in memory, whatever there is.
pub const PAGE: u64 = 200;

/// One row, and the objects that it names (column, key).
#[derive(Debug)]
pub struct ExportedRow {
    pub table: &'static str,
    pub json: JsonValue,
    pub objects: Vec<(String, String)>,
}

/// Rows in the order of their keys, and where the next page begins; none after the last.
#[derive(Debug, Default)]
pub struct Page {
    pub rows: VecDeque<ExportedRow>,
    pub next: Option<Value>,
}

/// The bytes behind an object, opened, as they come.
pub struct HeldFile {
    /// Its name in an archive, with the extension of what it is.
    pub name: String,
    pub parts: BoxStream<'static, Result<Vec<u8>, Error>>,
}

/// An export under way. No transaction and no cursor is open between two rows: each page is a query of its own, by key.
pub struct Export {
    holds: Holds,
    db: Db,
    keys: Keys,
    person: PersonId,
    table: usize,
    page: Page,
    begun: bool,
}

impl Export {
    /// The next row, table by table; none after the last.
    pub async fn next(&mut self) -> Result<Option<ExportedRow>, Error> {
        loop {
            if let Some(row) = self.page.rows.pop_front() {
                return Ok(Some(row));
            }
            let after = self.page.next.take();
            if self.begun && after.is_none() {
                (self.table, self.begun) = (self.table + 1, false);
            }
            let Some(table) = self.holds.tables.get(self.table) else { return Ok(None) };
            self.page = table.export_page(&self.db, self.person, &self.keys, after).await?;
            self.begun = true;
        }
    }

    /// The files of a row, opened; the row then names each by its file. One whose bytes are gone says so.
    pub async fn files(&self, row: &mut ExportedRow) -> Result<Vec<HeldFile>, Error> {
        let mut files = Vec::new();
        let Some(map) = self.holds.maps().into_iter().find(|map| map.table == row.table) else { return Ok(files) };
        for (column, key) in &row.objects {
            let file = match self.holds.store(map, column) {
                Some(store) => store.open(self.person, key).await?,
                None => None,
            };
            row.json[column.as_str()] = file.as_ref().map_or(shown::GONE, |file| file.name.as_str()).into();
            files.extend(file);
        }
        Ok(files)
    }
}

impl Holds {
    /// Everything of this person.
    pub fn export(&self, db: &Db, keys: &Keys, person: PersonId) -> Export {
        let table = usize::from(sabotage::breaks("P17"));
        Export { holds: self.clone(), db: db.clone(), keys: keys.clone(), person, table, page: Page::default(), begun: false }
    }
}
