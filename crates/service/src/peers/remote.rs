//! Peers in other processes: mutual TLS, connections made when first used.

use std::{path::Path, time::Duration};

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::PeersError;

/// A lazy channel would otherwise wait for as long as the network lets it.
const CONNECT: Duration = Duration::from_secs(3);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Who signs the certificates of peers, and who we are to them.
#[derive(Clone)]
pub struct PeerCertificates {
    authority: Certificate,
    identity: Identity,
}

impl PeerCertificates {
    /// Reads PEM files: the authority, this process's certificate chain, its key.
    pub fn read(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, PeersError> {
        let read = |path: &Path| std::fs::read(path).map_err(PeersError::Certificates);
        Ok(Self { authority: Certificate::from_pem(read(authority)?), identity: Identity::from_pem(read(certificate)?, read(key)?) })
    }
}

pub(super) fn channel(name: &str, address: &str, certificates: Option<&PeerCertificates>) -> Result<Channel, PeersError> {
    let wrong = || PeersError::Address(name.to_owned());
    if !address.starts_with("https://") {
        return Err(wrong());
    }
    let certificates = certificates.ok_or_else(|| PeersError::NoCertificates(name.to_owned()))?;
    let tls = ClientTlsConfig::new().ca_certificate(certificates.authority.clone()).identity(certificates.identity.clone());
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| wrong())?.tls_config(tls).map_err(|_| wrong())?;
    Ok(endpoint.connect_timeout(CONNECT).http2_keep_alive_interval(KEEP_ALIVE).tcp_nodelay(true).connect_lazy())
}
