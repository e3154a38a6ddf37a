//! The folder engine's server as a process of its own, over TLS: for a school in separate processes on one machine. It is strict on
//! signatures and their terms, and nobody comes in without.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use foundation::BoxError;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

use crate::{Error, ObjectsAddress, embedded::Embedded, folder::BUCKET};

/// What a sandbox is started with.
pub struct SandboxConfig {
    /// Loopback; port 0 takes any free one.
    pub listen: SocketAddr,
    pub folder: PathBuf,
    /// As its clients have it: the key and secret that it takes, and its bucket.
    pub address: ObjectsAddress,
    /// PEM files.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A running server; it ends when it is dropped.
pub struct Sandbox(Arc<Embedded>);

impl Sandbox {
    /// Call it inside the runtime.
    pub fn start(config: SandboxConfig) -> Result<Self, Error> {
        let ObjectsAddress::S3(settings) = config.address.clone() else {
            return Err(Error::Sandbox("its address is that of its clients, `s3+https://key:secret@host/kolsai`"));
        };
        if settings.bucket != BUCKET {
            return Err(Error::Sandbox("its one bucket is called `kolsai`"));
        }
        if !config.listen.ip().is_loopback() {
            return Err(Error::Sandbox("it listens on loopback only"));
        }
        let tls = acceptor(&config).map_err(|_| Error::Sandbox("its certificate or key cannot be read, or they do not belong together"))?;
        Embedded::with_tls(&config.folder, config.listen, settings, tls).map(Arc::new).map(Self)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

fn acceptor(config: &SandboxConfig) -> Result<TlsAcceptor, BoxError> {
    let chain = CertificateDer::pem_file_iter(&config.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&config.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsAcceptor::from(Arc::new(server.with_no_client_auth().with_single_cert(chain, key)?)))
}
