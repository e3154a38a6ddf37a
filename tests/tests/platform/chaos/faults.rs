//! A planned fault, done and healed again.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::{
    bus::Bus,
    database::Database,
    plan::{Fault, Kind, SERVICES},
    platform::Platform,
};

/// A certificate that is made to be over.
const SHORT: &str = "4s";
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// A fault that was.
pub struct Happened {
    pub fault: Fault,
    pub began: SystemTime,
    pub ended: SystemTime,
    /// How it went, in words.
    pub note: String,
}

impl Happened {
    /// Whether it struck this process.
    pub fn struck(&self, name: &str) -> bool {
        let database = matches!(self.fault.kind, Kind::Cut) && self.fault.target == name;
        database || self.fault.target == name || self.fault.with == Some(name)
    }
}

/// Does the fault and heals it; another process may be killed in the middle of it.
pub async fn happen(platform: &Platform, bus: &Bus, fault: Fault) -> Result<Happened> {
    sleep(fault.after).await;
    let began = now();
    let other = async {
        let Some(with) = fault.with else { return Ok(()) };
        sleep(fault.lasts / 3).await;
        platform.kill(with).await?;
        platform.start(with).await.map(drop)
    };
    let (note, other) = tokio::join!(done(platform, bus, &fault), other);
    other.with_context(|| fault.to_string())?;
    Ok(Happened { note: note.with_context(|| fault.to_string())?, began, ended: now(), fault })
}

async fn done(platform: &Platform, bus: &Bus, fault: &Fault) -> Result<String> {
    let target = fault.target;
    match fault.kind {
        Kind::Kill => {
            platform.kill(target).await?;
            sleep(fault.lasts).await;
            let tries = platform.start(target).await?;
            if target == "nats" {
                bus.is_back().await?;
            }
            Ok(if tries == 1 { "came back".into() } else { format!("came back at the {tries}. start") })
        }
        Kind::Stall => {
            platform.signal(target, "STOP").await?;
            sleep(fault.lasts).await;
            platform.signal(target, "CONT").await?;
            Ok("went on".into())
        }
        Kind::Cut => {
            let database = Database::of(platform, target).await?;
            let ended = database
                .number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()")
                .await?;
            Ok(format!("{ended} connections ended"))
        }
        Kind::Delay => {
            let consumer = bus.pause(fault.choice, fault.lasts).await?;
            sleep(fault.lasts).await;
            bus.resume(&consumer).await?;
            Ok(format!("{consumer} heard nothing"))
        }
        Kind::Reorder => {
            let consumer = bus.pause(fault.choice, fault.lasts).await?;
            sleep(fault.lasts).await;
            let reordered = bus.reorder(&consumer).await;
            bus.resume(&consumer).await?;
            Ok(format!("{} events of {consumer} the wrong way round", reordered?))
        }
        Kind::Duplicate => Ok(format!("{} events once more", bus.duplicate(fault.choice).await?)),
        Kind::Fill => {
            let bytes = bus.fill().await;
            if bytes.is_ok() {
                sleep(fault.lasts).await;
            }
            bus.free().await?;
            Ok(format!("full at {} bytes", bytes?))
        }
        Kind::Expire => expired(platform, target, fault.lasts).await,
        Kind::Poison => Ok(format!("{} messages", bus.poison(fault.choice).await?)),
    }
}

/// The certificate runs out, peers see it, and it is renewed.
async fn expired(platform: &Platform, service: &str, lasts: Duration) -> Result<String> {
    let folder = platform.path("certificates").display().to_string();
    platform.kolsai(&["certificates", &folder, service, "--valid-for", SHORT]).await?;
    let over = shows(platform, service, false).await;
    if over.is_ok() {
        sleep(lasts).await;
    }
    platform.kolsai(&["certificates", &folder, service, "--renew"]).await?;
    over.context("the certificate is over")?;
    shows(platform, service, true).await.context("the certificate is renewed")?;
    Ok("over, and renewed without a restart".into())
}

/// Waits until a peer is let in by the service's present certificate, or no longer is.
#[allow(clippy::disallowed_methods, reason = "a peer of the school, not a way out of it")]
async fn shows(platform: &Platform, service: &str, good: bool) -> Result<()> {
    // The gateway shows its certificate to people.
    let (as_whom, port) = if service == "gateway" { (None, "gateway".into()) } else { (Some("gateway"), format!("peer-{service}")) };
    let certificates = platform.path("certificates");
    let read = |name: &str| std::fs::read(certificates.join(name));
    let address = format!("https://localhost:{}", platform.port(&port)?);
    let end = Instant::now() + PATIENCE;
    loop {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read("ca.crt")?));
        if let Some(name) = as_whom {
            tls = tls.identity(Identity::from_pem(read(&format!("{name}/tls.crt"))?, read(&format!("{name}/tls.key"))?));
        }
        let endpoint = Endpoint::from_shared(address.clone())?.tls_config(tls)?.connect_timeout(Duration::from_secs(5));
        if endpoint.connect().await.is_ok() == good {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("{service} {}", if good { "lets nobody in" } else { "still lets people in" });
        }
        sleep(PAUSE).await;
    }
}

/// Whoever ended without having been killed is started again, as an orchestrator would, and named.
pub async fn fallen(platform: &Platform) -> Result<Vec<&'static str>> {
    let mut fallen = Vec::new();
    for name in SERVICES.into_iter().chain(["nats", "redis", "postgres", "s3", "sandbox-partner"]) {
        if platform.pid(name).is_none() {
            platform.start(name).await?;
            fallen.push(name);
        }
    }
    Ok(fallen)
}

#[allow(clippy::disallowed_methods, reason = "somebody outside has a clock of their own")]
fn now() -> SystemTime {
    SystemTime::now()
}
