//! The services of one process, all of them or some: engines, services, host, gateway, in this order; down in the other.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use contract::Contract;
use service::{CancellationToken, Engines, Host, Part, Running, Service, Settings, SettingsError, settings::GATEWAY};
use tokio::task::JoinHandle;

use crate::{
    Backed,
    adapters::{Ready, Tokens},
    backed::Replay,
};

/// The embedded settings of every service.
pub const DEFAULTS: &[&str] =
    &[identity::DEFAULTS, learning::DEFAULTS, payment::DEFAULTS, communication::DEFAULTS, analytics::DEFAULTS, OWN];
/// Sections whose defaults are their types' own.
const OWN: &str = "[backup]\n[gateway]\n[privacy]\n";
/// How long the services may take until they can serve.
const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);
const LOOK_APART: Duration = Duration::from_millis(250);

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
    #[error(
        "KOLSAI__PAYMENT__PARTNER_ADDRESS: a process of its own starts no sandbox partner; run `kolsai sandbox-partner` and say where it is"
    )]
    SandboxApart,
    #[error(
        "KOLSAI__BACKUP__EVERY_HOURS: this process reads its own databases alone; take it away, and run `kolsai backup` by a scheduler"
    )]
    ScheduledApart,
    #[error("KOLSAI__BACKUP__LEDGER: every process that holds somebody's data reads the ledger of erasures before it serves; name it")]
    NoLedger,
    #[error("after {within} seconds these are not ready: {missing}")]
    NotReady { within: u64, missing: String },
}

/// A running school, or the part of it that this process runs.
pub struct School {
    running: Running,
    gateway: Option<Gate>,
}

/// The gateway at work.
struct Gate {
    task: JoinHandle<Result<(), gateway::ServeError>>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl School {
    /// Starts everything and waits until it can serve.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let school = Self::begin(settings).await?;
        school.until_ready().await?;
        Ok(school)
    }

    /// Starts what this process runs; it serves, but may not be ready yet.
    pub async fn begin(settings: Settings) -> Result<Self, StartError> {
        let part = settings.part.clone();
        let engines = Engines::open(settings).await?;
        Backed::may_start(engines.data_folder(), &part)?;
        let services = services(&engines).await?;
        let host = Host::new(engines.clone(), services)?;
        host.record_maps().await?;
        if holds_anybody(&part) {
            Replay::of(engines.settings())?.run(&host, &engines).await?;
        }
        let running = host.start().await?;
        let gateway = if part.runs(GATEWAY) { Some(Gate::open(&engines, &running).await?) } else { None };
        Ok(Self { running, gateway })
    }

    /// Waits until this process may get traffic. A whole school must come to it in a while; a part waits for the others.
    pub async fn until_ready(&self) -> Result<(), StartError> {
        let readiness = self.running.readiness();
        let settings = self.engines().settings();
        let identity: identity::Config = settings.section("identity")?;
        let whole = settings.part.is_whole();
        let demo = (whole && identity.makes_demo_accounts(settings.mode)).then(|| identity::DemoAccounts::path(&settings.data));
        let ready = async {
            while readiness.ready().await.is_err() || demo.as_ref().is_some_and(|path| !path.exists()) {
                tokio::time::sleep(if whole { LOOK } else { LOOK_APART }).await;
            }
        };
        if !whole {
            ready.await;
            return Ok(());
        }
        if tokio::time::timeout(READY_WITHIN, ready).await.is_ok() {
            return Ok(());
        }
        let missing = readiness.ready().await.err().unwrap_or_default();
        let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Err(StartError::NotReady { within: READY_WITHIN.as_secs(), missing })
    }

    /// Where the gateway listens, in a process that runs it.
    pub fn address(&self) -> Option<SocketAddr> {
        self.gateway.as_ref().map(|gate| gate.address)
    }

    /// Where a service of this process listens to peers of other processes.
    pub fn listens_at(&self, service: &str) -> Option<SocketAddr> {
        self.running.listens_at(service)
    }

    pub fn engines(&self) -> &Engines {
        self.running.engines()
    }

    /// Takes no new call, finishes those under way, then stops workers and closes databases.
    pub async fn stop(self) {
        if let Some(gate) = self.gateway {
            gate.close().await;
        }
        self.running.shutdown().await;
    }
}

impl Gate {
    async fn open(engines: &Engines, running: &Running) -> Result<Self, StartError> {
        let gateway = gateway::init(gateway_config(engines.settings())?, parts(engines, running)?).await?;
        let (address, stop) = (gateway.address(), CancellationToken::new());
        let until = stop.clone();
        let task = tokio::spawn(async move { gateway.serve(until.cancelled_owned()).await });
        Ok(Self { task, address, stop })
    }

    async fn close(self) {
        self.stop.cancel();
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the gateway did not end well"),
            Err(error) => tracing::error!(%error, "the gateway did not end well"),
        }
    }
}

/// Whether a process holds somebody's data, or keys.
fn holds_anybody(part: &Part) -> bool {
    part.services().iter().any(|service| *service == backup::KEYRING || Contract::get().holder(service).is_some())
}

/// The services of this process, each with its own database.
async fn services(engines: &Engines) -> Result<Vec<Service>, StartError> {
    let settings = engines.settings();
    let part = &settings.part;
    let mut services = Vec::new();
    if part.runs("privacy") {
        let privacy: privacy::Config = settings.section("privacy")?;
        let backed = Backed::of(settings, engines.clock())?;
        if !part.is_whole() {
            backed.takes_none()?;
        }
        services.push(privacy::keyring::init(&privacy, engines).await?);
        services.push(backed.keeps_up(privacy::init(privacy, engines).await?));
    }
    if part.runs("identity") {
        services.push(identity::init(settings.section("identity")?, engines).await?);
    }
    let analytics: analytics::Config = settings.section("analytics")?;
    if part.runs("learning") {
        // The demo school is a setting of the statistics; its facts are made where facts come from.
        let learning = learning::Config { demo_school: analytics.makes_demo_school(settings.mode), ..settings.section("learning")? };
        services.push(learning::init(learning, engines, engines.objects()?).await?);
    }
    if part.runs("payment") {
        let payment: payment::Config = settings.section("payment")?;
        if !part.is_whole() && payment.sandbox && payment.partner_address.is_none() {
            return Err(StartError::SandboxApart);
        }
        services.push(payment::init(payment, engines).await?);
    }
    if part.runs("communication") {
        services.push(communication::init(communication::Config::of(settings)?, engines).await?);
    }
    if part.runs("analytics") {
        services.push(analytics::init(analytics, engines).await?);
    }
    Ok(services)
}

/// The settings of the gateway, with what other sections say of it.
pub fn gateway_config(settings: &Settings) -> Result<gateway::Config, StartError> {
    let mut config: gateway::Config = settings.section("gateway")?;
    config.listen = settings.listen.parse()?;
    config.certificate_folder = settings.data.join("certificates");
    // The school has one name, in mails and on pages.
    config.school = communication::Config::of(settings)?.school;
    Ok(config)
}

fn parts(engines: &Engines, running: &Running) -> Result<gateway::Parts, StartError> {
    let (peers, settings) = (engines.peers(), engines.settings());
    // A folder's server is in the process of the services that use it, and so is a sandbox; a gateway apart passes uploads to no one,
    // and knows a sandbox by the address that it is given too.
    let objects = if settings.part.runs("learning") { engines.objects()?.proxy_target() } else { None };
    let sandbox = match engines.neighbour(payment::sandbox::NAME) {
        None if !settings.part.runs("payment") => payment::sandbox::beside(&settings.section("payment")?, engines.mode()),
        here => here,
    };
    Ok(gateway::Parts {
        transports: Arc::new(move |name| Some(peers.transport(GATEWAY, name))),
        clock: engines.clock(),
        cache: Some(engines.cache()),
        mode: engines.mode(),
        token_check: Arc::new(Tokens(engines.verifier(GATEWAY))),
        readiness: Arc::new(Ready(running.readiness())),
        objects,
        sandbox,
    })
}
