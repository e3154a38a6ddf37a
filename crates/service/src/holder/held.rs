//! What was held for a restricted person is given back once the restriction is lifted here, after a crash too.

use std::{sync::Arc, time::Duration};

use events::{Reactor, parked};
use foundation::BoxError;
use personal_data::Db;
use tokio_util::sync::CancellationToken;

/// The safety net beside the wake-up after each commit: a state that was followed is a commit.
const POLL: Duration = Duration::from_secs(1);

pub(crate) async fn replay(db: Db, reactors: Arc<[Arc<dyn Reactor>]>, until: CancellationToken) -> Result<(), BoxError> {
    while !until.is_cancelled() {
        let committed = db.committed().clone();
        let woken = committed.notified();
        let taken = parked::replay_held(&db, &reactors).await?;
        if taken > 0 {
            tracing::info!(service = db.service(), taken, "events that were held while processing was restricted were taken");
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(POLL) => {}
            () = until.cancelled() => {}
        }
    }
    Ok(())
}
