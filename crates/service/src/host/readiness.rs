//! Whether the process may get traffic.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use foundation::metrics::all::DRIFT;
use personal_data::{Db, Holds};

use super::workers::Started;

/// A database that takes longer to say hello is not reachable.
const HELLO: Duration = Duration::from_secs(2);

/// One thing that is not ready. Fit to be shown: names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    Stopping,
    Database(&'static str),
    Worker {
        service: &'static str,
        worker: &'static str,
    },
    /// The live schema is not what the map declares.
    Drift {
        service: &'static str,
        finding: String,
    },
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping => f.write_str("the process is stopping"),
            Self::Database(service) => write!(f, "the database of {service} does not answer"),
            Self::Drift { service, finding } => write!(f, "{service}: {finding}"),
            Self::Worker { service, worker } => write!(f, "{service}: {worker} is not running"),
        }
    }
}

/// Clones watch the same process.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    databases: Vec<Db>,
    holds: Vec<Holds>,
    workers: Vec<Started>,
    stopping: AtomicBool,
}

impl Readiness {
    pub(super) fn new(databases: Vec<Db>, holds: Vec<Holds>, workers: Vec<Started>) -> Self {
        Self(Arc::new(Inner { databases, holds, workers, stopping: AtomicBool::new(false) }))
    }

    pub(super) fn stopping(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }

    /// Everything that is not ready, by name.
    pub async fn ready(&self) -> Result<(), Vec<NotReady>> {
        if self.0.stopping.load(Ordering::SeqCst) {
            return Err(vec![NotReady::Stopping]);
        }
        let hellos = self.0.databases.iter().map(|db| async move {
            let answered = matches!(tokio::time::timeout(HELLO, db.ping()).await, Ok(Ok(())));
            (!answered).then(|| NotReady::Database(db.service()))
        });
        let mut missing: Vec<NotReady> = futures::future::join_all(hellos).await.into_iter().flatten().collect();
        missing.extend(self.drift().await);
        missing.extend(self.0.workers.iter().filter(|worker| !worker.is_running()).map(Started::missing));
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Tables and columns that no map declares, or that a map declares and the database lacks: an alarm, and not ready.
    async fn drift(&self) -> Vec<NotReady> {
        let mut findings = Vec::new();
        for holds in self.0.holds.iter().filter(|_| !foundation::sabotage::breaks("P02")) {
            let service = holds.service();
            let Some(db) = self.0.databases.iter().find(|db| db.service() == service) else { continue };
            let found = holds.drift(db).await.unwrap_or_else(|error| {
                tracing::error!(service, %error, "the live schema cannot be compared with the declared data map");
                vec!["the live schema cannot be read".to_owned()]
            });
            DRIFT.count(found.len(), [service.into()]);
            for finding in found {
                tracing::error!(service, finding, alarm = "DRIFT", "the live schema differs from the declared data map");
                findings.push(NotReady::Drift { service, finding });
            }
        }
        findings
    }
}
