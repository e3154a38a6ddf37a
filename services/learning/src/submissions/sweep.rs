//! What was never sent in goes: the bytes after a day, the row and everything that may have been made of it after two.

use std::time::Duration;

use contract::Purpose;
use personal_data::query;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::{Error, Submissions, names, rows::upload};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Rows that one round takes on.
const ROUND: u64 = 200;

impl Submissions {
    /// Answers how many objects and rows it removed.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let now = self.db.clock().now();
        let mut removed = self.objects.sweep_incoming(now.minus(DAY)).await?;
        let old = query::across::<upload::Entity>(Purpose::Education).filter(upload::Column::ExpiresAt.lt(now.minus(DAY)));
        for row in old.limit(ROUND).all(&self.db).await? {
            match self.drop_upload(&row).await {
                Ok(()) => removed += 1,
                // Sent in or erased meanwhile: then it is not left over.
                Err(Error::Data(error)) if !matches!(error, personal_data::Error::Database(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    async fn drop_upload(&self, row: &upload::Model) -> Result<(), Error> {
        for key in names::sealed(row.id).into_iter().chain([names::incoming(row.id)]) {
            self.objects.delete(&key).await?;
        }
        let tx = self.db.begin_for("learning.drop-upload", row.learner_id, Purpose::Education).await?;
        tx.delete::<upload::Entity>(row).await?;
        Ok(tx.commit().await?)
    }
}
