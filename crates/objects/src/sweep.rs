//! What was sent and never taken in goes after its day.

use foundation::Timestamp;

use crate::{Error, Objects, Prefix};

impl Objects {
    /// Deletes what lies in `incoming/` since before `older_than`; says how many objects it deleted.
    pub async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, Error> {
        let mut deleted = 0;
        for (key, meta) in self.listed(Prefix::Incoming).await? {
            if meta.modified < older_than {
                self.delete(&key).await?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}
