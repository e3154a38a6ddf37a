//! The retention sweep of one service, hourly by the school's clock: every class expires without a request.

use std::time::Duration;

use foundation::{BoxError, Timestamp, metrics::all::RETENTION_OVERDUE};
use personal_data::{Db, Error, Holds};
use tokio_util::sync::CancellationToken;

use super::ExpiryNotes;

/// Between two rounds, by the school's clock.
const EVERY: Duration = Duration::from_secs(3600);
/// Between two looks at that clock, which tests move.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) async fn expire(holds: Holds, db: Db, until: CancellationToken) -> Result<(), BoxError> {
    let mut last: Option<Timestamp> = None;
    while !until.is_cancelled() {
        let now = db.clock().now();
        if last.is_none_or(|last| last.plus(EVERY) <= now) {
            match round(&holds, &db).await {
                Ok(()) => last = Some(now),
                // What was used meanwhile is looked at anew; the rest of the round is not lost.
                Err(Error::Changed(_)) => {}
                Err(Error::NotNewestMap) => {
                    tracing::info!(service = holds.service(), "a newer version of this service lets rows expire");
                    last = Some(now);
                }
                Err(error) => tracing::warn!(service = holds.service(), %error, "retention did not finish its round; it is tried again"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = until.cancelled() => {}
        }
    }
    Ok(())
}

async fn round(holds: &Holds, db: &Db) -> Result<(), Error> {
    let service = holds.service();
    holds.newest(db).await?;
    let swept = holds.sweep(db, &ExpiryNotes).await;
    // What a sweep that fails leaves behind is just what this is about.
    let due = holds.due(db).await?;
    RETENTION_OVERDUE.count(due.iter().map(|due| due.overdue).sum::<u64>(), [service.into()]);
    for due in due.into_iter().filter(|due| due.overdue > 0) {
        // Counted under this name by whoever watches the log.
        tracing::error!(service, table = due.table, overdue = due.overdue, alarm = "RETENTION_OVERDUE", "records outlive their term");
    }
    let swept = swept?;
    for (table, rows) in &swept.rows {
        tracing::info!(service, table, rows, "rows expired");
    }
    if swept.objects > 0 {
        tracing::info!(service, objects = swept.objects, "objects expired");
    }
    Ok(())
}
