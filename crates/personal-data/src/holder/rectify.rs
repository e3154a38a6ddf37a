//! Copies of what a person corrected: columns that say `copy`, brought up to what their source says now, and asked again.

use contract::Class;
use foundation::PersonId;

use super::Holds;
use crate::{Db, Error, Tx, keys::Keys, keys::RawKey, map::ColumnMap};

/// What the source says now, by the name that a column gives with `copy`: `full_name`, `first_name`, `last_name`.
#[derive(Clone, Default)]
pub struct Current(pub Vec<(&'static str, String)>);

impl Current {
    pub fn says(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// One table's copies: how many there are, how many were corrected now, and how many still say something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyReport {
    pub table: &'static str,
    pub copies: u64,
    pub corrected: u64,
    pub stale: u64,
}

/// The class of what a column holds a copy of.
fn class_of(column: &ColumnMap) -> Option<Class> {
    [("name", Class::Name), ("email", Class::Email), ("phone", Class::Phone)]
        .into_iter()
        .find_map(|(word, class)| column.says(word).then_some(class))
}

/// Whether a column is a copy of one of these classes.
pub(super) fn copies(column: &ColumnMap, classes: &[Class]) -> bool {
    column.says("copy") && class_of(column).is_some_and(|class| classes.contains(&class))
}

/// The keys that correcting takes, table by table.
pub struct Correcting(Vec<(usize, RawKey)>);

impl Correcting {
    /// No copy of this person's is held here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Holds {
    /// Borrows the keys of all tables in which this person has copies of these classes; before any transaction.
    pub async fn correcting(&self, db: &Db, keys: &Keys, person: PersonId, classes: &[Class]) -> Result<Correcting, Error> {
        let mut borrowed = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let map = table.map();
            let Some(category) = map.category().filter(|_| map.columns.iter().any(|column| copies(column, classes))) else { continue };
            if table.holds_of(db, person).await? {
                borrowed.push((at, keys.raw(person, category, contract::Purpose::Rights).await?));
            }
        }
        Ok(Correcting(borrowed))
    }

    /// Brings every copy up to what the source says, then reads all of them again.
    pub async fn rectify_in_tx(
        &self,
        tx: &Tx,
        person: PersonId,
        correcting: &Correcting,
        classes: &[Class],
        current: &Current,
    ) -> Result<Vec<CopyReport>, Error> {
        let mut reports = Vec::new();
        for (at, key) in &correcting.0 {
            if let Some(table) = self.tables.get(*at) {
                reports.push(table.rectify_in_tx(tx, person, key, classes, current).await?);
            }
        }
        Ok(reports)
    }
}
