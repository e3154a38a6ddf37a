//! The sandbox partner: a payment partner to try things with, as an HTTP server of its own, on loopback, with its data in memory
//! or in a file. It stands for somebody outside: it shares the messages and the signatures with the rest of this crate, and nothing else.

mod api;
mod control;
mod delivery;
mod file;
mod pages;
mod store;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    routing::{get, post},
};
use foundation::{Clock, Mode};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::Secret;
use file::File;
use store::Payments;

/// What it is called beside the services of a process.
pub const NAME: &str = "sandbox-partner";

/// What the sandbox is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Loopback; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How browsers reach its page, when not under the address that it listens on: `https://localhost:8443/sandbox`.
    pub url: Option<String>,
    /// The one merchant that it knows, the key that the merchant signs with, and the key that its notifications are signed with.
    pub merchant: String,
    pub merchant_key: Secret,
    pub notification_key: Secret,
    /// A PEM file of the authorities that the merchant's certificate is checked against; read when it is needed.
    pub trusted_ca: Option<PathBuf>,
    pub clock: Clock,
    pub mode: Mode,
}

/// Why the sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox partner is refused in production")]
    Production,
    #[error("the sandbox partner listens on loopback only")]
    NotLoopback,
    #[error("the sandbox partner cannot listen at {0}; choose another address")]
    Listen(SocketAddr, #[source] std::io::Error),
    #[error("the sandbox partner's file {0} cannot be read or written; move it away to begin without payments")]
    File(PathBuf, #[source] std::io::Error),
}

/// A running sandbox; it ends when this is dropped.
pub struct Sandbox {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    served: Mutex<Option<JoinHandle<()>>>,
    _guard: DropGuard,
}

impl Sandbox {
    /// The base of its API and pages: `http://127.0.0.1:…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it and waits for what is under way.
    pub async fn stop(&self) {
        self.stop.cancel();
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(served) = served {
            let _ = served.await;
        }
    }
}

/// Everything that its handlers share.
pub(crate) struct Shared {
    config: Config,
    /// Where its pages are.
    url: String,
    payments: Mutex<Payments>,
    /// Where they outlive this process; none keeps them in memory.
    file: Option<File>,
    deliveries: TaskTracker,
}

pub(crate) type State = axum::extract::State<Arc<Shared>>;

impl Shared {
    /// To look; whoever changes something takes `change`.
    fn payments(&self) -> MutexGuard<'_, Payments> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the payments. What has changed is in the file before anybody is told of it.
    fn change<R>(&self, change: impl FnOnce(&mut Payments) -> R) -> R {
        let mut payments = self.payments();
        let changed = change(&mut payments);
        if let Some(file) = &self.file
            && let Err(error) = file.write(&payments)
        {
            tracing::error!(%error, "the sandbox partner's file is not written; a restart forgets what is new");
        }
        changed
    }
}

/// Its file in a data folder: what it knows, so that a restart loses no payment.
pub fn file_in(data: &Path) -> PathBuf {
    data.join("sandbox-partner.json")
}

/// The page's public base under the school's own address: the gateway passes on what is under it.
pub fn page_base(school: &str) -> String {
    format!("{school}/sandbox")
}

/// The address of a sandbox on this machine: `http://` and a loopback address with its port.
pub(crate) fn loopback(address: &str) -> Option<SocketAddr> {
    let rest = address.strip_prefix("http://")?.trim_end_matches('/');
    rest.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
}

/// Where a sandbox runs as a process of its own on this machine, by the settings of payment: a gateway apart shows its page.
pub fn beside(config: &crate::Config, mode: Mode) -> Option<SocketAddr> {
    let address = config.partner_address.as_deref().filter(|_| config.sandbox && mode == Mode::Development)?;
    loopback(address)
}

/// Starts the sandbox with its payments in memory.
pub async fn serve(config: Config) -> Result<Sandbox, SandboxError> {
    start(config, None).await
}

/// Starts the sandbox with its payments in `file`, which is made when it is not there.
pub async fn serve_kept(config: Config, file: PathBuf) -> Result<Sandbox, SandboxError> {
    start(config, Some(File(file))).await
}

async fn start(config: Config, file: Option<File>) -> Result<Sandbox, SandboxError> {
    if config.mode == Mode::Production {
        return Err(SandboxError::Production);
    }
    if !config.listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback);
    }
    let listen = |error| SandboxError::Listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let url = config.url.clone().map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());
    let payments = Mutex::new(file.as_ref().map(File::open).transpose()?.unwrap_or_default());
    let shared = Arc::new(Shared { config, url, payments, file, deliveries: TaskTracker::new() });
    let stop = CancellationToken::new();
    let served = tokio::spawn(run(listener, shared, stop.clone()));
    Ok(Sandbox { address, served: Mutex::new(Some(served)), _guard: stop.clone().drop_guard(), stop })
}

async fn run(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let served = axum::serve(listener, router(shared.clone())).with_graceful_shutdown(stop.clone().cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the sandbox partner ended");
    }
    shared.deliveries.close();
    // Late deliveries wait for their time; at the end they are given up.
    if tokio::time::timeout(delivery::LAST_CHANCE, shared.deliveries.wait()).await.is_err() {
        tracing::debug!("some of the sandbox partner's notifications were not delivered");
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/payments", post(api::create))
        .route("/payments/{order}", get(api::report))
        .route("/payments/{order}/refund", post(api::refund))
        .route("/payments/{order}/cancel", post(api::cancel))
        .route("/pay/{id}", get(pages::show).post(pages::pay))
        .route("/control/{id}", post(control::control))
        .with_state(shared)
}

#[cfg(test)]
mod tests;
