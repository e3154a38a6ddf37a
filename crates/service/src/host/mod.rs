//! A process: its services verified, registered, started, watched, and drained at the end.

mod again;
mod drain;
mod health;
mod probe;
mod readiness;
#[cfg(test)]
mod tests;
mod verify;
mod workers;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use again::AgainError;
pub use drain::Drain;
pub use probe::{ProbeError, Question, probe};
pub use readiness::{NotReady, Readiness};
pub use verify::HostError;

use contract::Contract;

use crate::{
    builder::{Service, Worker},
    call::AtPrivacy,
    engines::Engines,
    holder, metrics,
    peers::{self, Listening},
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
    health: health::Slot,
}

/// The services of this process at work.
#[must_use]
pub struct Running {
    engines: Engines,
    readiness: Readiness,
    stop: CancellationToken,
    tasks: TaskTracker,
    drain: Drain,
    listening: Vec<Listening>,
}

impl Host {
    /// Verifies the contract and what is served against it, then puts every service inside its stack where peers find it.
    pub fn new(engines: Engines, mut services: Vec<Service>) -> Result<Self, HostError> {
        verify::contract()?;
        for service in &mut services {
            serve_holder(&engines, service)?;
            give_held_back(&engines, service);
            hand_log_over(&engines, service);
            let_expire(&engines, service);
        }
        verify::services(&engines, &services)?;
        let (drain, health) = (Drain::default(), health::Slot::default());
        for service in &mut services {
            service.routes.add_service(health.server());
            let routes = std::mem::take(&mut service.routes).routes();
            let local = drain.around(stack::around(routes, parts(&engines, service)));
            engines.peers().register(service.name, local)?;
            for reactor in &service.reactors {
                engines.bus().subscribe(reactor.clone());
            }
        }
        Ok(Self { engines, services, drain, health })
    }

    /// Records in each database the map that this version declares. Before `start`: what a newer version writes, it writes after.
    pub async fn record_maps(&self) -> Result<(), HostError> {
        for service in &self.services {
            let (Some(holds), Some(db)) = (&service.holds, self.engines.opened(service.name)) else { continue };
            holds.record(&db).await.map_err(|source| HostError::Map { service: service.name, source })?;
        }
        Ok(())
    }

    /// Starts relays and workers, and listens where peers of other processes call. Call it inside the runtime.
    pub async fn start(self) -> Result<Running, HostError> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        // Ports first: a process that cannot have them has done nothing yet.
        let mut doors = Vec::new();
        for service in &self.services {
            if let Some(address) = self.engines.settings().peers.listen.get(service.name) {
                doors.push((service.name, peers::bind(service.name, address).await?));
            }
        }
        let mut started = Vec::new();
        for service in &self.services {
            for worker in workers::of(&self.engines, service) {
                started.push(workers::spawn(&tasks, service.name, worker, stop.clone()));
            }
        }
        tasks.close();
        let holds = self.services.iter().filter_map(|service| service.holds.clone()).collect();
        let readiness = Readiness::new(self.engines.databases(), holds, started);
        self.health.fill(readiness.clone());
        tasks.spawn(metrics::watch(self.engines.clone(), readiness.clone(), stop.clone()));
        let mut listening = Vec::new();
        for (service, listener) in doors {
            let peers = self.engines.peers();
            if let Some(local) = peers.local(service) {
                let door = Listening::start(service, listener, peers.identity(service)?, local)?;
                tracing::info!(service, address = %door.address(), "peers are listened to");
                listening.push(door);
            }
        }
        Ok(Running { engines: self.engines, readiness, stop, tasks, drain: self.drain, listening })
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

    /// Where a service of this process listens to peers of other processes.
    pub fn listens_at(&self, service: &str) -> Option<SocketAddr> {
        self.listening.iter().find(|door| door.service() == service).map(Listening::address)
    }

    /// Sends peers elsewhere, refuses new calls, finishes those at work, stops workers and relays, closes the databases. The gateway
    /// stops before.
    pub async fn shutdown(self) {
        self.readiness.stopping();
        futures::future::join_all(self.listening.iter().map(|door| door.finish(DRAIN))).await;
        self.drain.finish(DRAIN).await;
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("some workers did not stop in time; what they began is taken up at the next start");
        }
        self.engines.bus().close().await;
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
    service.reactors.push(holder::erase(holds.clone(), db.clone(), keys.clone()));
    service.reactors.push(holder::follow_relation(db.clone()));
    service.reactors.push(holder::rectify(holds.clone(), db.clone(), keys.clone(), engines.transport(service.name, "identity")));
    service.reactors.push(holder::follow(holds, db, keys));
    Ok(())
}

/// Whatever reacts for people gives back what was held while they were restricted.
fn give_held_back(engines: &Engines, service: &mut Service) {
    let Some(db) = engines.opened(service.name).filter(|_| !service.reactors.is_empty()) else { return };
    let reactors: Arc<[_]> = service.reactors.clone().into();
    let work = move |until| holder::replay(db.clone(), reactors.clone(), until);
    service.workers.push(Worker { name: "held-events", start: Arc::new(move |until| Box::pin(work(until))) });
}

/// What a service says that it keeps for a time goes after it.
fn let_expire(engines: &Engines, service: &mut Service) {
    let (Some(holds), Some(db)) = (service.holds.clone(), engines.opened(service.name)) else { return };
    let work = move |until| holder::expire(holds.clone(), db.clone(), until);
    service.workers.push(Worker { name: "retention", start: Arc::new(move |until| Box::pin(work(until))) });
}

/// Whatever keeps an access log hands it over to privacy.
fn hand_log_over(engines: &Engines, service: &mut Service) {
    let Some(db) = engines.opened(service.name) else { return };
    let own = || engines.access_log(service.name).ok();
    let Some(log) = service.log.clone().or_else(own) else { return };
    let privacy = engines.transport(service.name, "privacy");
    let checked = holder::Checked::default();
    let work = move |until| holder::hand_over(db.clone(), log.clone(), privacy.clone(), checked.clone(), until);
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
        exceptions: Some(Arc::new(AtPrivacy::new(engines.transport(service.name, "privacy")))),
        states: engines.opened(service.name),
    }
}
