//! Asks a running process of this machine how one of its services is, over the way that peers take: mutual TLS, and the service's own
//! certificate.

use std::{net::SocketAddr, time::Duration};

use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::health::MISSING;
use crate::{
    peers::{Certificates, Peers, PeersError},
    settings::Settings,
};

/// What a probe wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Has it started?
    Startup,
    /// Does it answer at all?
    Live,
    /// May it get traffic?
    Ready,
}

/// Why a service is not well, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("KOLSAI__PEERS__LISTEN__{0}: that service listens nowhere; say where, `host:port`")]
    Nowhere(String),
    #[error("{0}")]
    Peers(#[from] PeersError),
    #[error("`{service}` does not answer: {why}")]
    Silent { service: String, why: String },
    #[error("`{service}` is not ready: {missing}")]
    Missing { service: String, missing: String },
}

/// Asks `service`, which listens as these settings say. Call it inside the runtime.
pub async fn probe(settings: &Settings, service: &'static str, question: Question, within: Duration) -> Result<(), ProbeError> {
    let section = &settings.peers;
    let listen = section.listen.get(service).ok_or_else(|| ProbeError::Nowhere(service.to_uppercase()))?;
    let folder = section.certificates.as_ref().ok_or(PeersError::NoCertificates)?;
    let addresses = [(service.to_owned(), format!("https://{}", reachable(listen)))].into();
    let peers = Peers::with_remote(&addresses, Some(Certificates::new(folder, &section.trust_domain)))?;
    peers.identity(service)?;
    let silent = |why: String| ProbeError::Silent { service: service.to_owned(), why };
    let name = match question {
        Question::Startup => "startup",
        Question::Live => "live",
        Question::Ready => "",
    };
    let mut client = HealthClient::new(peers.transport(service, service));
    let asked = tokio::time::timeout(within, client.check(HealthCheckRequest { service: name.to_owned() }));
    let answer = asked.await.map_err(|_| silent(format!("nothing within {} s", within.as_secs())))?;
    let answer = answer.map_err(|status: Status| silent(status.message().to_owned()))?;
    if answer.get_ref().status() == ServingStatus::Serving {
        return Ok(());
    }
    let missing = answer.metadata().get(MISSING).and_then(|value| value.to_str().ok()).unwrap_or("it does not say why").to_owned();
    Err(ProbeError::Missing { service: service.to_owned(), missing })
}

/// A process that listens on every address of its machine is reached on loopback.
fn reachable(listen: &str) -> String {
    match listen.parse::<SocketAddr>() {
        Ok(SocketAddr::V4(at)) if at.ip().is_unspecified() => format!("127.0.0.1:{}", at.port()),
        Ok(SocketAddr::V6(at)) if at.ip().is_unspecified() => format!("[::1]:{}", at.port()),
        _ => listen.to_owned(),
    }
}
