//! All services in one process: engines, services, host, gateway, in this order; down in the other.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use service::{CancellationToken, Engines, Host, Running, Service, Settings, SettingsError};
use tokio::task::JoinHandle;

use crate::{
    Backed,
    adapters::{Ready, Tokens},
};

/// The embedded settings of every service.
pub const DEFAULTS: &[&str] =
    &[identity::DEFAULTS, learning::DEFAULTS, payment::DEFAULTS, communication::DEFAULTS, analytics::DEFAULTS, OWN];
/// Sections whose defaults are their types' own.
const OWN: &str = "[backup]\n[gateway]\n[privacy]\n";
/// How long the services may take until they can serve.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Why the school does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Engines(#[from] service::EngineError),
    #[error("identity: {0}")]
    Identity(#[from] identity::InitError),
    #[error("privacy: {0}")]
    Privacy(#[from] privacy::InitError),
    #[error("learning: {0}")]
    Learning(#[from] learning::InitError),
    #[error("payment: {0}")]
    Payment(#[from] payment::InitError),
    #[error("communication: {0}")]
    Communication(#[from] communication::InitError),
    #[error("analytics: {0}")]
    Analytics(#[from] analytics::InitError),
    #[error(transparent)]
    Backup(#[from] backup::Error),
    #[error(transparent)]
    BackupSettings(#[from] backup::ConfigError),
    #[error(transparent)]
    EraseAgain(#[from] service::AgainError),
    #[error("privacy cannot tell whose erasure is under way: {0}")]
    UnderWay(String),
    #[error(transparent)]
    Host(#[from] service::HostError),
    #[error("gateway: {0}")]
    Gateway(#[from] gateway::InitError),
    #[error("KOLSAI_LISTEN is an address and a port, for instance 127.0.0.1:8443")]
    Listen(#[from] std::net::AddrParseError),
    #[error("after {within} seconds these are not ready: {missing}")]
    NotReady { within: u64, missing: String },
}

/// A running school.
pub struct School {
    running: Running,
    gateway: JoinHandle<Result<(), gateway::ServeError>>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl School {
    /// Starts everything and waits until it can serve.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let engines = Engines::open(settings).await?;
        let backed = Backed::of(engines.settings(), engines.clock())?;
        Backed::may_start(engines.data_folder())?;
        let services = services(&engines, &backed).await?;
        let host = Host::new(engines.clone(), services)?;
        host.record_maps().await?;
        backed.replay(&host, &engines).await?;
        let running = host.start();
        let gateway = gateway::init(gateway_config(&engines)?, parts(&engines, &running)?).await?;
        let (address, stop) = (gateway.address(), CancellationToken::new());
        let until = stop.clone();
        let gateway = tokio::spawn(async move { gateway.serve(until.cancelled_owned()).await });
        let school = Self { running, gateway, address, stop };
        school.until_ready().await?;
        Ok(school)
    }

    async fn until_ready(&self) -> Result<(), StartError> {
        let readiness = self.running.readiness();
        let settings = self.engines().settings();
        let identity: identity::Config = settings.section("identity")?;
        let demo = identity.makes_demo_accounts(settings.mode).then(|| identity::DemoAccounts::path(&settings.data));
        let ready = async {
            while readiness.ready().await.is_err() || demo.as_ref().is_some_and(|path| !path.exists()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(READY_WITHIN, ready).await.is_ok() {
            return Ok(());
        }
        let missing = readiness.ready().await.err().unwrap_or_default();
        let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Err(StartError::NotReady { within: READY_WITHIN.as_secs(), missing })
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn engines(&self) -> &Engines {
        self.running.engines()
    }

    /// Takes no new call, finishes those under way, then stops workers and closes databases.
    pub async fn stop(self) {
        self.stop.cancel();
        match self.gateway.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the gateway did not end well"),
            Err(error) => tracing::error!(%error, "the gateway did not end well"),
        }
        self.running.shutdown().await;
    }
}

async fn services(engines: &Engines, backed: &Backed) -> Result<Vec<Service>, StartError> {
    let settings = engines.settings();
    let privacy: privacy::Config = settings.section("privacy")?;
    let analytics: analytics::Config = settings.section("analytics")?;
    // The demo school is a setting of the statistics; its facts are made where facts come from.
    let learning = learning::Config { demo_school: analytics.makes_demo_school(settings.mode), ..settings.section("learning")? };
    Ok(vec![
        privacy::keyring::init(&privacy, engines).await?,
        backed.keeps_up(privacy::init(privacy, engines).await?),
        identity::init(settings.section("identity")?, engines).await?,
        learning::init(learning, engines, engines.objects()?).await?,
        payment::init(settings.section("payment")?, engines).await?,
        communication::init(communication::Config::of(settings)?, engines).await?,
        analytics::init(analytics, engines).await?,
    ])
}

fn gateway_config(engines: &Engines) -> Result<gateway::Config, StartError> {
    let settings = engines.settings();
    let mut config: gateway::Config = settings.section("gateway")?;
    config.listen = settings.listen.parse()?;
    config.certificate_folder = settings.data.join("certificates");
    // The school has one name, in mails and on pages.
    config.school = communication::Config::of(settings)?.school;
    Ok(config)
}

fn parts(engines: &Engines, running: &Running) -> Result<gateway::Parts, StartError> {
    let peers = engines.peers();
    Ok(gateway::Parts {
        transports: Arc::new(move |name| Some(peers.transport("gateway", name))),
        clock: engines.clock(),
        mode: engines.mode(),
        token_check: Arc::new(Tokens(engines.verifier("gateway"))),
        readiness: Arc::new(Ready(running.readiness())),
        objects: engines.objects()?.proxy_target(),
        sandbox: engines.neighbour(payment::sandbox::NAME),
    })
}
