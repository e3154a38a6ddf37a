//! How a request for a copy ends: its archive was handed over, or nobody fetched it in time. Either way with a signed receipt.

use std::{sync::Arc, time::Duration};

use contract::{Purpose, privacy::v1 as pb};
use foundation::{BoxError, PersonId, Refusal, Timestamp};
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Copies, rows::copy_receipt};
use crate::requests::rows::{CopyRequestId, copy_request};

/// A request whose archive was begun and never fetched whole is over after so long. Nothing has to be deleted then: an archive is made
/// while it is sent, and is nowhere else.
const TERM: Duration = Duration::from_secs(30 * 24 * 3600);

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(15);

/// Requests in one round; the next one goes on.
const BATCH: u64 = 200;

fn open_of(person: PersonId) -> sea_orm::Select<copy_request::Entity> {
    query::of::<copy_request::Entity>(person, Purpose::Rights).filter(copy_request::Column::DoneAt.is_null())
}

impl Copies {
    /// The archive is complete but for its last bytes, which are sent after this. Of two that were made at once the first counts.
    pub(super) async fn handed_over(&self, person: PersonId, id: CopyRequestId, manifest: &str) -> Result<(), Error> {
        let tx = self.db.begin_for("privacy.close-copy", person, Purpose::Rights).await?;
        self.close_in_tx(&tx, id, "handed over", Some(manifest)).await?;
        tx.commit().await
    }

    /// Ends what nobody fetched, until it is cancelled.
    pub async fn run(self: Arc<Self>, until: CancellationToken) -> Result<(), BoxError> {
        loop {
            if let Err(error) = self.expire().await {
                tracing::warn!(%error, "requests for copies that are over were not all closed");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = until.cancelled() => return Ok(()),
            }
        }
    }

    async fn expire(&self) -> Result<(), Error> {
        let term = i64::try_from(TERM.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(self.db.clock().now().micros().saturating_sub(term));
        let over = query::across::<copy_request::Entity>(Purpose::Rights)
            .filter(copy_request::Column::DoneAt.is_null())
            .filter(copy_request::Column::ReceivedAt.lt(before))
            .limit(BATCH);
        for row in over.all(&self.db).await? {
            let tx = self.db.begin_for("privacy.expire-copy", row.person, Purpose::Rights).await?;
            self.close_in_tx(&tx, row.id, "expired", None).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn close_in_tx(&self, tx: &Tx, id: CopyRequestId, outcome: &str, manifest: Option<&str>) -> Result<(), Error> {
        let Some(mut row) = query::by_key::<copy_request::Entity>(id, Purpose::Rights).one(tx).await? else { return Ok(()) };
        if row.done_at.is_some() {
            return Ok(());
        }
        let now = tx.clock().now();
        row.done_at = Some(now);
        tx.update::<copy_request::Entity>(&mut row).await?;
        let document = json!({
            "format": "kolsai-copy-receipt/1",
            "request_id": id.to_string(),
            "received_at": row.received_at.to_string(),
            "due_at": row.due_at.to_string(),
            "outcome": outcome,
            "ended_at": now.to_string(),
            // SHA-256 of the manifest in the archive that was handed over.
            "manifest_sha256": manifest,
            "kept": "nothing: an archive is made while it is sent",
        });
        let document = document.to_string();
        let signature = self.signing.sign(document.as_bytes());
        tx.insert::<copy_receipt::Entity>(copy_receipt::Model { id, person: row.person, document, signature, at: now }).await
    }

    /// The receipt of a request of this person's.
    pub async fn receipt(&self, person: PersonId, id: CopyRequestId) -> Result<pb::Receipt, Refusal> {
        let mine = |state: pb::receipt::State| pb::Receipt { state: state.into(), ..pb::Receipt::default() };
        let receipt = query::of::<copy_receipt::Entity>(person, Purpose::Rights).filter(copy_receipt::Column::Id.eq(id));
        if let Some(row) = receipt.one(&self.db).await.map_err(Error::from)? {
            let done = mine(pb::receipt::State::Done);
            return Ok(pb::Receipt { document: row.document, signature: row.signature, key_id: self.signing.id(), ..done });
        }
        let open = open_of(person).filter(copy_request::Column::Id.eq(id)).one(&self.db).await.map_err(Error::from)?;
        let open = open.ok_or_else(|| Refusal::not_found("NO_SUCH_REQUEST", "you have no request for a copy with this identifier"))?;
        Ok(pb::Receipt { due_at: Some(open.due_at.to_proto()), ..mine(pb::receipt::State::Open) })
    }
}
