//! Where to put the bytes: one link, for one file of one size, that ends soon.

use std::time::Duration;

use contract::Purpose;
use foundation::{PersonId, Timestamp};
use objects::{PresignedPut, Upload};
use personal_data::{Idempotency, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{Error, Submissions, names, rows::upload, rules};
use crate::ids::{AssignmentId, UploadId};

/// The type that is announced for any photograph: what it is, its own bytes tell.
const CONTENT_TYPE: &str = "application/octet-stream";

pub struct PrepareUpload {
    pub assignment: AssignmentId,
    pub size_bytes: i64,
    pub claim: Idempotency,
}

pub struct Prepared {
    pub id: UploadId,
    pub put: PresignedPut,
    pub expires_at: Timestamp,
}

impl Submissions {
    pub async fn prepare(&self, person: PersonId, ask: PrepareUpload) -> Result<Prepared, Error> {
        let size = rules::size(ask.size_bytes).ok_or(Error::Size)?;
        let id = UploadId::new_v4();
        let tx = self.db.begin_for("learning.prepare-upload", person, Purpose::Education).await?;
        let assignment = self.assignment_for(&tx, person, ask.assignment).await?;
        if let Some(first) = tx.first_made(&ask.claim, id).await? {
            let select = query::of::<upload::Entity>(person, Purpose::Education).filter(upload::Column::Id.eq(first));
            let row = select.one(&tx).await?.ok_or(Error::NoSuchUpload)?;
            drop(tx);
            return self.signed(&row, size).await;
        }
        self.may_send(&tx, person, assignment).await?;
        let row = upload::Model {
            id,
            learner_id: person,
            assignment_id: assignment.id,
            incoming: names::incoming(id).into(),
            size_bytes: ask.size_bytes,
            expires_at: tx.clock().now().plus(Duration::from_secs(self.config.upload_minutes * 60)),
            taken_until: None,
            refused: 0,
            version: 0,
        };
        tx.insert::<upload::Entity>(row.clone()).await?;
        tx.commit().await?;
        self.signed(&row, size).await
    }

    /// Signed anew when asked again: the link is kept nowhere.
    async fn signed(&self, row: &upload::Model, size: u64) -> Result<Prepared, Error> {
        let left = row.expires_at.since(self.db.clock().now());
        if left < Duration::from_secs(1) {
            return Err(Error::NoSuchUpload);
        }
        let upload = Upload { length: size, content_type: CONTENT_TYPE, good_for: Duration::from_secs(left.as_secs()) };
        let put = self.objects.presigned_put(&names::incoming(row.id), upload).await?;
        Ok(Prepared { id: row.id, put, expires_at: row.expires_at })
    }
}
