//! The access log of a service, handed over to privacy in batches that continue where the last one ended. What privacy has goes
//! along again, the last entry each time and the rest part by part, so that a log that was cut short or rewritten afterwards shows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use contract::privacy::v1::{AppendAccessesRequest, access_logs_client::AccessLogsClient};
use foundation::{BoxError, Timestamp, Transport};
use personal_data::{AccessLog, Db};
use tokio_util::sync::CancellationToken;

const BATCH: u64 = 200;
/// Entries that one check compares with what privacy has.
const CHECKED: u32 = 1_000;
/// The window in which entries are in one place only; SECURITY.md states it.
const EVERY: Duration = Duration::from_secs(1);
/// Between two checks of what was handed over.
const CHECK: Duration = Duration::from_secs(60);

/// How far the checks of what was handed over have come. It outlives a failed check: the same part fails again.
#[derive(Clone, Default)]
pub(crate) struct Checked(Arc<AtomicI64>);

struct HandOver {
    log: AccessLog,
    client: AccessLogsClient<Transport>,
    /// What privacy has.
    last: i64,
    checked: Checked,
}

pub(crate) async fn hand_over(
    db: Db,
    log: AccessLog,
    privacy: Transport,
    checked: Checked,
    until: CancellationToken,
) -> Result<(), BoxError> {
    let mut client = AccessLogsClient::new(privacy);
    // Privacy knows how far it has read; this asks once, and again after a failure.
    let last = client.append_accesses(AppendAccessesRequest::default()).await?.into_inner().last_sequence;
    let mut work = HandOver { log, client, last, checked };
    let mut looked: Option<Timestamp> = None;
    while !until.is_cancelled() {
        let now = db.clock().now();
        let due = looked.is_none_or(|at| at.plus(CHECK) <= now);
        let full = work.batch(due).await?;
        if due {
            looked = Some(now);
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
    /// Sends what is new; with it, when a check is due, a part of what privacy has. Answers whether there is more.
    async fn batch(&mut self, check: bool) -> Result<bool, BoxError> {
        let new = self.log.after(self.last, BATCH).await?;
        let full = new.len() as u64 == BATCH;
        if new.is_empty() && !check {
            return Ok(full);
        }
        let from = self.checked.0.load(Ordering::SeqCst);
        let to = if check { self.last.min(from + i64::from(CHECKED)) } else { from };
        let mut held = if to > from { self.log.after(from, u64::from(CHECKED)).await? } else { Vec::new() };
        held.retain(|entry| entry.sequence <= to);
        if self.last > to {
            held.extend(self.log.after(self.last - 1, 1).await?.into_iter().filter(|entry| entry.sequence == self.last));
        }
        // What is missing here is missing in the request too: privacy is to see it.
        let missing = (from + 1..=to).zip(&held).find(|(place, entry)| *place != entry.sequence).map(|(place, _)| place);
        let held_sequence = missing.unwrap_or(self.last);
        let entries = held.into_iter().chain(new).map(Into::into).collect();
        let ask = AppendAccessesRequest { entries, held_sequence };
        let last = self.client.append_accesses(ask).await?.into_inner().last_sequence;
        if check {
            // Round and round: what is right today may be rewritten tomorrow.
            self.checked.0.store(if to >= self.last { 0 } else { to }, Ordering::SeqCst);
        }
        self.last = last;
        Ok(full)
    }
}
