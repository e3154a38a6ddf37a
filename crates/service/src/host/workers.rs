//! Background work, started anew when it fails: a worker that panics must not end quietly.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use events::Relay;
use futures::FutureExt;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::NotReady;
use crate::{
    builder::{Service, Work, Worker},
    engines::Engines,
};

/// The first pause after a failure; it doubles up to the longest, and starts over after a run that long.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A worker that was started, and whether it runs.
#[derive(Clone)]
pub(super) struct Started {
    service: &'static str,
    worker: &'static str,
    running: Arc<AtomicBool>,
}

impl Started {
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst)
    }

    pub(super) fn missing(&self) -> NotReady {
        NotReady::Worker { service: self.service, worker: self.worker }
    }
}

/// The workers of a service; one that has a database has a relay too, and one that reacts has what takes events off the bus.
pub(super) fn of(engines: &Engines, service: &Service) -> Vec<Worker> {
    let mut workers = service.workers.clone();
    if let Some(db) = engines.opened(service.name) {
        let bus = engines.bus();
        if bus.has_consumers() && !service.reactors.is_empty() {
            let (bus, name) = (bus.clone(), service.name);
            let start = move |token: CancellationToken| {
                let bus = bus.clone();
                Box::pin(async move { bus.react(name, token).await }) as Work
            };
            workers.push(Worker { name: "reactions", start: Arc::new(start) });
        }
        let start = move |token: CancellationToken| {
            let relay = Relay::new(db.clone(), Arc::new(bus.clone()));
            Box::pin(async move {
                relay.run(token).await;
                Ok(())
            }) as Work
        };
        workers.push(Worker { name: "relay", start: Arc::new(start) });
    }
    workers
}

pub(super) fn spawn(tasks: &TaskTracker, service: &'static str, worker: Worker, stop: CancellationToken) -> Started {
    let started = Started { service, worker: worker.name, running: Arc::default() };
    let running = started.running.clone();
    tasks.spawn(async move {
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            let begun = Instant::now();
            running.store(true, Ordering::SeqCst);
            let ended = AssertUnwindSafe((worker.start)(stop.child_token())).catch_unwind().await;
            if matches!(ended, Ok(Ok(()))) {
                // It has done what it had to do.
                return;
            }
            running.store(false, Ordering::SeqCst);
            if begun.elapsed() > LONGEST_PAUSE {
                pause = PAUSE;
            }
            match ended {
                Ok(Err(error)) => tracing::error!(service, worker = worker.name, %error, "a worker failed and starts anew"),
                _ => tracing::error!(service, worker = worker.name, alarm = "PANIC", "a worker panicked and starts anew"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = stop.cancelled() => return,
            }
        }
    });
    started
}
