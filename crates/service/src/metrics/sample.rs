//! What nobody does, but is: outboxes, events set aside, pools, memory, readiness. Looked at every few seconds.

use std::time::Duration;

use foundation::metrics::all::{CONNECTIONS, CONNECTIONS_MAX, EVENTS_HELD, EVENTS_PARKED, MEMORY, OUTBOX_AGE, OUTBOX_DEPTH, READY};
use personal_data::{Db, Error};
use tokio_util::sync::CancellationToken;

use crate::{engines::Engines, host::Readiness};

const EVERY: Duration = Duration::from_secs(10);
/// A database that does not answer is told of by readiness; it does not hold the others up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of a page of memory, where Linux counts in pages.
const PAGE: f64 = 4_096.0;

/// Looks until it is cancelled; not at all while nobody is told.
pub(crate) async fn watch(engines: Engines, readiness: Readiness, until: CancellationToken) {
    let telemetry = &engines.settings().telemetry;
    if telemetry.metrics_listen.is_none() && telemetry.otlp_endpoint.is_none() {
        return;
    }
    while !until.is_cancelled() {
        READY.set(f64::from(u8::from(readiness.ready().await.is_ok())), []);
        MEMORY.set(resident().unwrap_or_default(), []);
        for db in engines.databases() {
            if !matches!(tokio::time::timeout(PATIENCE, of_service(&db)).await, Ok(Ok(()))) {
                tracing::debug!(service = db.service(), "a database could not be asked how much waits in it");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = until.cancelled() => {}
        }
    }
}

async fn of_service(db: &Db) -> Result<(), Error> {
    let service = db.service();
    let pool = db.pool();
    CONNECTIONS.count(pool.idle, [service.into(), "idle".into(), service.into()]);
    CONNECTIONS.count(pool.open.saturating_sub(pool.idle), [service.into(), "used".into(), service.into()]);
    CONNECTIONS_MAX.count(pool.most, [service.into(), service.into()]);
    let backlog = events::backlog(db).await?;
    let age = backlog.oldest.map_or(Duration::ZERO, |oldest| db.clock().now().since(oldest));
    OUTBOX_DEPTH.count(backlog.depth, [service.into()]);
    OUTBOX_AGE.set(age.as_secs_f64(), [service.into()]);
    EVENTS_PARKED.count(backlog.parked, [service.into()]);
    EVENTS_HELD.count(backlog.held, [service.into()]);
    Ok(())
}

/// Bytes of this process in memory, as Linux tells them.
fn resident() -> Option<f64> {
    let pages: f64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}
