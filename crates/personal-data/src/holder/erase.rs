//! Erasure over the map: objects first (removing twice is harmless), then every row in one transaction, then the report.

use foundation::{PersonId, Timestamp, sabotage};

use super::{Holds, scan};
use crate::{Db, Error, Tx, keys::Keys, map::About, person_state};

/// What a holder did, class by class. Zeroes everywhere are a report too: nothing was held.
#[derive(Debug)]
pub struct ErasureReport {
    pub classes: Vec<ClassReport>,
    /// Rows that a scan written apart from the map still finds, and that no law keeps.
    pub left_over: u64,
    pub done_at: Timestamp,
}

#[derive(Debug)]
pub struct ClassReport {
    pub table: &'static str,
    pub before: u64,
    pub after: u64,
    pub locked: u64,
    pub law: Option<&'static str>,
    pub objects: u64,
}

impl Holds {
    /// Removes this person's objects. Called before the transaction: a crash in between removes them again.
    pub async fn remove_objects(&self, db: &Db, person: PersonId) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut removed = Vec::new();
        for table in self.tables.iter() {
            let mut count = 0;
            for (column, key) in table.objects(db, person).await? {
                if let Some(store) = self.store(table.map(), &column) {
                    store.remove(&key).await?;
                    count += 1;
                }
            }
            removed.push((table.map().table, count));
        }
        Ok(removed)
    }

    /// Erases all rows of this person but those that a law keeps, and leaves a tombstone.
    pub async fn erase_in_tx(&self, tx: &Tx, person: PersonId, removed: &[(&'static str, u64)]) -> Result<ErasureReport, Error> {
        person_state::erase_in_tx(tx, person).await?;
        let mut classes = Vec::new();
        for table in self.tables.iter() {
            let map = table.map();
            if matches!(map.about, About::None(_)) {
                continue;
            }
            let before = table.count_in_tx(tx, person).await?;
            let law = map.law();
            if law.is_none() && !sabotage::breaks("P19") {
                table.delete_in_tx(tx, person).await?;
            }
            table.forget_in_others_in_tx(tx, person).await?;
            let after = table.count_in_tx(tx, person).await?;
            classes.push(ClassReport {
                table: map.table,
                before,
                after,
                locked: if law.is_some() { after } else { 0 },
                law,
                objects: removed.iter().find(|(name, _)| *name == map.table).map_or(0, |(_, count)| *count),
            });
        }
        let left_over = scan::left_over_in_tx(tx, person, &self.maps()).await?;
        Ok(ErasureReport { classes, left_over, done_at: tx.clock().now() })
    }

    /// After the commit: keys on loan are given up, and what was deleted leaves the write-ahead log.
    pub async fn settle(&self, db: &Db, keys: &Keys, person: PersonId) -> Result<(), Error> {
        keys.evict(person);
        db.checkpoint().await
    }
}
