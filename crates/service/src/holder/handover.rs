//! The access log of a service, handed over to privacy in batches that continue where the last one ended.

use std::time::Duration;

use contract::privacy::v1::{AppendAccessesRequest, access_logs_client::AccessLogsClient};
use foundation::{BoxError, Transport};
use personal_data::{AccessLog, Db};
use tokio_util::sync::CancellationToken;

const BATCH: u64 = 200;
/// The window in which entries are in one place only; SECURITY.md states it.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn hand_over(db: Db, log: AccessLog, privacy: Transport, until: CancellationToken) -> Result<(), BoxError> {
    let mut client = AccessLogsClient::new(privacy);
    // Privacy knows how far it has read; this asks once, and again after a failure.
    let mut last = client.append_accesses(AppendAccessesRequest { entries: Vec::new() }).await?.into_inner().last_sequence;
    while !until.is_cancelled() {
        let entries = log.after(last, BATCH).await?;
        let full = entries.len() as u64 == BATCH;
        if !entries.is_empty() {
            let entries = entries.into_iter().map(Into::into).collect();
            last = client.append_accesses(AppendAccessesRequest { entries }).await?.into_inner().last_sequence;
        }
        if !full {
            tokio::select! {
                () = db.committed().notified() => {}
                () = tokio::time::sleep(EVERY) => {}
                () = until.cancelled() => {}
            }
        }
    }
    Ok(())
}
