//! Sealed objects that no row names any more: left by a process that ended in between. They go; nobody could open them.

use std::{collections::BTreeSet, time::Duration};

use contract::Purpose;
use objects::{ObjectKey, Prefix};
use personal_data::query;
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect};

use super::{
    Error, Submissions, names,
    rows::{submission, upload},
};

/// Work on an upload has ended by then, and the sweep has removed its row.
const OLD: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Objects that are looked up at once.
const BATCH: usize = 200;

impl Submissions {
    /// Answers how many objects it removed.
    pub async fn sweep_orphans(&self) -> Result<u64, Error> {
        let before = self.db.clock().now().minus(OLD);
        let mut removed = 0;
        for room in [Prefix::Originals, Prefix::Renditions] {
            // Listed before the rows are asked for: what is made meanwhile is not in the list.
            let listed = self.objects.older(room, before).await?;
            if listed.is_empty() {
                continue;
            }
            let made = self.made_of_uploads().await?;
            for batch in listed.chunks(BATCH) {
                let named = self.named(room, batch).await?;
                for key in batch.iter().filter(|key| !named.contains(key.as_str()) && !made.contains(key.as_str())) {
                    self.objects.delete(key).await?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Whatever may have been made of uploads that are no submissions yet.
    async fn made_of_uploads(&self) -> Result<BTreeSet<String>, Error> {
        let uploads = query::across::<upload::Entity>(Purpose::Rights).all(&self.db).await?;
        Ok(uploads.into_iter().flat_map(|row| names::sealed(row.id)).map(String::from).collect())
    }

    /// Which of these a submission names; those of restricted people too.
    async fn named(&self, room: Prefix, keys: &[ObjectKey]) -> Result<BTreeSet<String>, Error> {
        use submission::Column::{Full, Large, Original, Small};
        let keys = || keys.iter().map(ObjectKey::as_str);
        let columns: &[_] = if room == Prefix::Originals { &[Original] } else { &[Full, Large, Small] };
        let any = columns.iter().fold(Condition::any(), |any, column| any.add(column.is_in(keys())));
        let rows = query::across::<submission::Entity>(Purpose::Rights)
            .filter(any)
            .select_only()
            .columns([Original, Full, Large, Small])
            .into_tuple::<(String, String, String, String)>()
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().flat_map(|(original, full, large, small)| [original, full, large, small]).collect())
    }
}
