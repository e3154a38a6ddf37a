//! What the gateway is made of.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use cache::Cache;
use contract::Contract;
use foundation::{Clock, Mode, Refusal, Transport};
use tokio::net::TcpListener;

use crate::{Config, InitError, ServeError, certificate::Certificate, edge::Edge, listener, own::Own};

/// Finds the way to a process by its name (`identity`); `None` for a process that this installation does not run.
pub type Transports = Arc<dyn Fn(&str) -> Option<Transport> + Send + Sync>;

/// Turns a bad access token away early. Services check it again, so this protects them from load, not from people.
#[async_trait]
pub trait TokenCheck: Send + Sync {
    /// `bearer` is the token without its scheme. `UNAUTHENTICATED` refuses the token; anything else says that it could not be checked.
    async fn check(&self, bearer: &str) -> Result<(), Refusal>;
}

/// Whether what stands behind the gateway can serve.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// The names of what is not ready.
    async fn ready(&self) -> Result<(), Vec<String>>;
}

/// What the gateway is given.
#[derive(Clone)]
pub struct Parts {
    pub transports: Transports,
    pub clock: Clock,
    /// The cache; one that gateways share holds what an address may ask of all of them together.
    pub cache: Option<Cache>,
    pub mode: Mode,
    pub token_check: Arc<dyn TokenCheck>,
    pub readiness: Arc<dyn Readiness>,
    /// Where the embedded object store listens, on plain loopback; `None` when the objects are in a real S3.
    pub objects: Option<SocketAddr>,
    /// Where the sandbox partner listens, on plain loopback; `None` when the partner is somebody else. Production refuses it.
    pub sandbox: Option<SocketAddr>,
}

/// A gateway that has its port and its certificate, and does not serve yet.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Arc<Certificate>,
    edge: Arc<Edge>,
    own: Own,
    config: Config,
}

/// Binds the port, loads the certificate and derives all routes; nothing is answered until `serve`.
pub async fn init(config: Config, parts: Parts) -> Result<Gateway, InitError> {
    config.validate(parts.mode)?;
    if parts.mode == Mode::Production && parts.sandbox.is_some() {
        return Err(InitError::SandboxInProduction);
    }
    let listener = listener::bind(config.listen).await?;
    let address = listener.local_addr().map_err(|source| InitError::Listen { address: config.listen, source })?;
    let certificate = Arc::new(Certificate::open(&config, parts.mode, &parts.clock)?);
    let contract = Contract::get();
    let own = Own::init(contract, parts.readiness.clone()).await?;
    let edge = Arc::new(Edge::try_new(contract, &config, parts, own.routes())?);
    Ok(Gateway { listener, address, certificate, edge, own, config })
}

impl Gateway {
    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` ends, then takes no new connection and lets calls under way finish within the drain time.
    pub async fn serve(self, shutdown: impl Future) -> Result<(), ServeError> {
        let (care, certificate) = (self.edge.clone(), self.certificate.clone());
        tokio::select! {
            served = listener::serve(self.listener, self.certificate, self.edge, &self.config, shutdown) => served,
            () = certificate.follow() => Ok(()),
            () = self.own.follow_readiness() => Ok(()),
            () = care.forget_idle_addresses() => Ok(()),
        }
    }
}
