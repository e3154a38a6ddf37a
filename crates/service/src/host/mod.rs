//! A process: its services verified, registered, started, watched, and drained at the end.

mod drain;
mod readiness;
#[cfg(test)]
mod tests;
mod verify;
mod workers;

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use drain::Drain;
pub use readiness::{NotReady, Readiness};
pub use verify::HostError;

use contract::Contract;

use crate::{
    builder::{Service, Worker},
    engines::Engines,
    holder,
    stack::{self, StackParts},
};

/// How long calls and workers may take to finish once the process is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// The services of this process, verified and reachable for each other, not yet working.
#[must_use]
pub struct Host {
    engines: Engines,
    services: Vec<Service>,
    drain: Drain,
}

/// The services of this process at work.
#[must_use]
pub struct Running {
    engines: Engines,
    readiness: Readiness,
    stop: CancellationToken,
    tasks: TaskTracker,
    drain: Drain,
}

impl Host {
    /// Verifies the contract and what is served against it, then puts every service inside its stack where peers find it.
    pub fn new(engines: Engines, mut services: Vec<Service>) -> Result<Self, HostError> {
        verify::contract()?;
        for service in &mut services {
            serve_holder(&engines, service)?;
            hand_log_over(&engines, service);
        }
        verify::services(&engines, &services)?;
        let drain = Drain::default();
        for service in &mut services {
            let routes = std::mem::take(&mut service.routes).routes();
            let local = drain.around(stack::around(routes, parts(&engines, service)));
            engines.peers().register(service.name, local)?;
            for reactor in &service.reactors {
                engines.bus().subscribe(reactor.clone());
            }
        }
        Ok(Self { engines, services, drain })
    }

    /// Starts relays and workers. Call it inside the runtime.
    pub fn start(self) -> Running {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mut started = Vec::new();
        for service in &self.services {
            for worker in workers::of(&self.engines, service) {
                started.push(workers::spawn(&tasks, service.name, worker, stop.clone()));
            }
        }
        tasks.close();
        let holds = self.services.iter().filter_map(|service| service.holds.clone()).collect();
        let readiness = Readiness::new(self.engines.databases(), holds, started);
        Running { engines: self.engines, readiness, stop, tasks, drain: self.drain }
    }
}

impl Running {
    /// Whether the process may get traffic.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// Refuses new calls, finishes those at work, stops workers and relays, closes the databases. The gateway stops before.
    pub async fn shutdown(self) {
        self.readiness.stopping();
        self.drain.finish(DRAIN).await;
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("some workers did not stop in time; what they began is taken up at the next start");
        }
        self.engines.peers().clear();
        for db in self.engines.databases() {
            if let Err(error) = db.close().await {
                tracing::warn!(%error, "a database did not close well");
            }
        }
    }
}

/// A holder of the contract answers privacy, erases and follows states without code of its own.
fn serve_holder(engines: &Engines, service: &mut Service) -> Result<(), HostError> {
    let Some(holds) = service.holds.clone() else { return Ok(()) };
    let db = engines.opened(service.name).ok_or(HostError::HoldsNothing(service.name))?;
    if Contract::get().holder(service.name).is_none() {
        return Ok(());
    }
    let keys = engines.keys(service.name);
    service.routes.add_service(holder::server(holds.clone(), db.clone(), keys.clone()));
    service.served.push(verify::HOLDER);
    service.reactors.push(Arc::new(holder::Erasure::new(holds, db.clone(), keys.clone())));
    service.reactors.push(holder::follow(db, keys));
    Ok(())
}

/// Whatever keeps an access log hands it over to privacy.
fn hand_log_over(engines: &Engines, service: &mut Service) {
    let Some(db) = engines.opened(service.name) else { return };
    let own = || engines.access_log(service.name).ok();
    let Some(log) = service.log.clone().or_else(own) else { return };
    let privacy = engines.transport(service.name, "privacy");
    let work = move |until| holder::hand_over(db.clone(), log.clone(), privacy.clone(), until);
    service.workers.push(Worker { name: "access-log.hand-over", start: Arc::new(move |until| Box::pin(work(until))) });
}

fn parts(engines: &Engines, service: &Service) -> StackParts {
    let own = || engines.access_log(service.name).ok().map(|log| Arc::new(log) as Arc<dyn personal_data::AccessRecorder>);
    StackParts {
        service: service.name,
        clock: engines.clock(),
        verifier: engines.verifier(service.name),
        recorder: service.recorder.clone().or_else(own),
        ties: service.ties.clone(),
    }
}
