//! Erasure over the map: objects first (removing twice is harmless), then every row in one transaction, then the report.

use foundation::{PersonId, Timestamp, sabotage, uuid::Uuid};
use sea_orm::{ConnectionTrait, Statement};

use super::{Holds, left_over};
use crate::{Db, Error, Tx, keys::Keys, map::About, person_state, retention::ticket};

/// What a holder did, class by class. Zeroes everywhere are a report too: nothing was held.
#[derive(Debug)]
pub struct ErasureReport {
    pub classes: Vec<ClassReport>,
    /// Rows that a scan written apart from the map still finds, and that no law keeps.
    pub left_over: u64,
    /// When retention last ended rows of this person here; none when it never did.
    pub expired_at: Option<Timestamp>,
    pub done_at: Timestamp,
}

/// A row that a law keeps, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The row's own random identifier.
    pub item: Uuid,
    /// It is destroyed on the first day after its term, which begins at this time.
    pub until: Timestamp,
}

#[derive(Debug)]
pub struct ClassReport {
    pub table: &'static str,
    pub before: u64,
    pub after: u64,
    pub locked: u64,
    pub law: Option<&'static str>,
    pub objects: u64,
    /// What is locked, item by item.
    pub kept: Vec<Kept>,
}

impl Holds {
    /// Removes this person's objects. Called before the transaction: a crash in between removes them again.
    pub async fn remove_objects(&self, db: &Db, person: PersonId) -> Result<Vec<(&'static str, u64)>, Error> {
        self.newest(db).await?;
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
        // Under the lock of their state: what a newer version writes about this person is written before, and then its map is
        // recorded, or not at all.
        self.newest(tx).await?;
        let mut classes = Vec::new();
        for table in self.tables.iter() {
            let map = table.map();
            if matches!(map.about, About::None(_)) {
                continue;
            }
            // What lies, under the switch, is a holder that skips every class and says that there was nothing.
            let lies = sabotage::breaks("P19");
            let before = if lies { 0 } else { table.count_in_tx(tx, person).await? };
            let law = map.law();
            if law.is_none() && !lies {
                let tickets = ticket::issue_for_person_in_tx(tx, map, person).await?;
                table.delete_in_tx(tx, person).await?;
                ticket::withdraw_in_tx(tx, &tickets).await?;
            }
            table.forget_in_others_in_tx(tx, person).await?;
            let after = if lies { 0 } else { table.count_in_tx(tx, person).await? };
            let kept = table.kept_in_tx(tx, person).await?;
            classes.push(ClassReport {
                kept,
                table: map.table,
                before,
                after,
                locked: if law.is_some() { after } else { 0 },
                law,
                objects: removed.iter().find(|(name, _)| *name == map.table).map_or(0, |(_, count)| *count),
            });
        }
        let left_over = left_over::left_over_in_tx(tx, person, &self.maps()).await?;
        let expired_at = person_state::expired_at_in_tx(tx, person).await?;
        Ok(ErasureReport { classes, left_over, expired_at, done_at: tx.clock().now() })
    }

    /// Every statement that an erasure makes of this service's database, for whoever asks the database how it carries them out.
    pub async fn erasing(&self, db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<Statement>, Error> {
        let backend = db.get_database_backend();
        let mut all: Vec<_> = self.tables.iter().flat_map(|table| table.erasing(backend, person)).collect();
        all.extend(left_over::looks(db, person, &self.maps()).await?);
        Ok(all)
    }

    /// After the commit: keys on loan are given up, and what was deleted leaves the write-ahead log.
    pub async fn settle(&self, db: &Db, keys: &Keys, person: PersonId) -> Result<(), Error> {
        keys.evict(person);
        db.checkpoint().await
    }
}
