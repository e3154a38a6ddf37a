//! The access log of a service, handed over to privacy in batches that continue where the last one ended. Its last entry that
//! privacy has goes along again, so that a log that was cut short or rewritten afterwards shows.

use std::time::Duration;

use contract::privacy::v1::{AppendAccessesRequest, access_logs_client::AccessLogsClient};
use foundation::{BoxError, Timestamp, Transport};
use personal_data::{AccessLog, Db};
use tokio_util::sync::CancellationToken;

const BATCH: u64 = 200;
/// The window in which entries are in one place only; SECURITY.md states it.
const EVERY: Duration = Duration::from_secs(1);
/// Between two checks of what was handed over, while nothing new comes.
const CHECK: Duration = Duration::from_secs(60);

struct HandOver {
    log: AccessLog,
    client: AccessLogsClient<Transport>,
    /// What privacy has.
    last: i64,
}

pub(crate) async fn hand_over(db: Db, log: AccessLog, privacy: Transport, until: CancellationToken) -> Result<(), BoxError> {
    let mut client = AccessLogsClient::new(privacy);
    // Privacy knows how far it has read; this asks once, and again after a failure.
    let last = client.append_accesses(AppendAccessesRequest::default()).await?.into_inner().last_sequence;
    let mut work = HandOver { log, client, last };
    let mut checked: Option<Timestamp> = None;
    while !until.is_cancelled() {
        let now = db.clock().now();
        let due = checked.is_none_or(|at| at.plus(CHECK) <= now);
        let (sent, full) = work.batch(due).await?;
        if sent {
            checked = Some(now);
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

impl HandOver {
    /// Sends what is new, or the last entry alone when a check is due. Answers whether it sent, and whether there is more.
    async fn batch(&mut self, check: bool) -> Result<(bool, bool), BoxError> {
        let entries = self.log.after(self.last, BATCH).await?;
        let full = entries.len() as u64 == BATCH;
        if entries.is_empty() && !check {
            return Ok((false, full));
        }
        // What is missing here is missing in the request too: privacy is to see it.
        let held = self.log.after(self.last - 1, 1).await?.into_iter().filter(|entry| entry.sequence == self.last);
        let entries = held.chain(entries).map(Into::into).collect();
        let ask = AppendAccessesRequest { entries, held_sequence: self.last };
        self.last = self.client.append_accesses(ask).await?.into_inner().last_sequence;
        Ok((true, full))
    }
}
