//! What was sent and never taken in goes after its day; and what is old enough to have an owner by now.

use foundation::Timestamp;

use crate::{Error, ObjectKey, Objects, Prefix, vault::bucket};

impl Objects {
    /// Deletes what lies in `incoming/` since before `older_than`, every version of it, and gives up uploads in parts that were begun
    /// before; says how many objects it deleted.
    pub async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, Error> {
        let mut deleted = 0;
        if self.keeps_versions().await? {
            for version in self.versions(&format!("{}/", Prefix::Incoming.as_str())).await? {
                if version.modified < older_than {
                    self.delete_version(&version).await?;
                    deleted += 1;
                }
            }
        } else {
            for (key, meta) in self.listed(Prefix::Incoming).await? {
                if meta.modified < older_than {
                    self.delete_plain(&key).await?;
                    deleted += 1;
                }
            }
        }
        if !self.is_embedded() {
            bucket::sweep(&self.client, &self.bucket, older_than).await?;
        }
        Ok(deleted)
    }

    /// What lies in a room since before `older_than`, in order.
    pub async fn older(&self, prefix: Prefix, older_than: Timestamp) -> Result<Vec<ObjectKey>, Error> {
        let all = self.listed(prefix).await?;
        Ok(all.into_iter().filter(|(_, meta)| meta.modified < older_than).map(|(key, _)| key).collect())
    }
}
