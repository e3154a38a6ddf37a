//! Where metrics may be scraped: `GET /metrics` over TLS, with a client certificate of the peers' authority. There is nobody's data in
//! them; how busy a school is, is still nobody else's business.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use foundation::Mode;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{scrape, text};
use crate::{
    engines::Engines,
    peers::{Identity, PeersError},
};

const PATH: &str = "/metrics";
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// A handshake, and then one connection, may take this long.
const HANDSHAKE: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_secs(300);
/// How long to wait when the system has no descriptor left for a connection.
const BREATHER: Duration = Duration::from_millis(100);
/// Connections at once: a few scrapers.
const MOST: usize = 16;

/// Why metrics cannot be scraped.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error("KOLSAI__TELEMETRY__METRICS_LISTEN: nothing can listen there; write `host:port`, of which the port is free")]
    Listen(#[source] std::io::Error),
    #[error("KOLSAI__TELEMETRY__METRICS_LISTEN needs a certificate: name the folder of certificates in KOLSAI__PEERS__CERTIFICATES")]
    NoCertificate(#[source] PeersError),
    #[error("KOLSAI__TELEMETRY__METRICS_LISTEN: the development certificate of the gateway cannot be used")]
    Development(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A listener at work, until it is dropped.
pub struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Listening {
    /// With the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Listens where the settings say, with the certificate of `service`; nowhere when they say nothing. A school in development that has no
/// certificates of peers shows the gateway's own, on loopback, and asks for none.
pub async fn listen(engines: &Engines, service: &str) -> Result<Option<Listening>, MetricsError> {
    let settings = engines.settings();
    let Some(address) = &settings.telemetry.metrics_listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(MetricsError::Listen)?;
    let address = listener.local_addr().map_err(MetricsError::Listen)?;
    let shown = match engines.peers().identity(service) {
        Ok(identity) => Shown::To { identity, callers: settings.telemetry.metrics_callers.clone() },
        Err(PeersError::NoCertificates) if settings.mode == Mode::Development && address.ip().is_loopback() => {
            Shown::OnLoopback(development(&settings.data.join("certificates")).map_err(MetricsError::Development)?)
        }
        Err(error) => return Err(MetricsError::NoCertificate(error)),
    };
    let stop = CancellationToken::new();
    tokio::spawn(accept(listener, Arc::new(shown), stop.clone()));
    Ok(Some(Listening { address, stop }))
}

/// To whom what is measured is shown.
enum Shown {
    To { identity: Identity, callers: Vec<String> },
    OnLoopback(Arc<ServerConfig>),
}

impl Shown {
    /// What the next connection is met with: certificates are renewed while we run.
    fn tls(&self) -> Arc<ServerConfig> {
        match self {
            Self::OnLoopback(config) => config.clone(),
            Self::To { identity, .. } => identity.server_speaking(&PROTOCOLS),
        }
    }

    fn may_see(&self, connection: &rustls::ServerConnection) -> bool {
        match self {
            Self::OnLoopback(_) => true,
            Self::To { identity, callers } => {
                identity.caller(connection).is_some_and(|peer| callers.iter().any(|caller| caller == peer.name()))
            }
        }
    }
}

fn development(folder: &Path) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
    let chain = CertificateDer::pem_file_iter(folder.join("localhost.pem"))?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key"))?;
    // The provider is named here, so that another one in the same process changes nothing.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

async fn accept(listener: TcpListener, shown: Arc<Shown>, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(MOST));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BREATHER).await;
            continue;
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else { continue };
        let (shown, stop) = (shown.clone(), stop.clone());
        tokio::spawn(async move {
            let _slot = slot;
            tokio::select! {
                _ = timeout(CONNECTION, connection(stream, &shown)) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

/// One connection from handshake to end; what goes wrong is the scraper's doing.
async fn connection(stream: TcpStream, shown: &Shown) {
    let Ok(Ok(stream)) = timeout(HANDSHAKE, TlsAcceptor::from(shown.tls()).accept(stream)).await else { return };
    let may_see = shown.may_see(stream.get_ref().1);
    let service = service_fn(move |request: Request<Incoming>| async move { Ok::<_, Infallible>(answer(&request, may_see)) });
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

fn answer<B>(request: &Request<B>, may_see: bool) -> Response<Full<Bytes>> {
    if request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND, "metrics are under /metrics\n");
    }
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "metrics are read with GET\n");
    }
    if !may_see {
        return plain(StatusCode::FORBIDDEN, "this certificate names nobody who may see metrics (KOLSAI__TELEMETRY__METRICS_CALLERS)\n");
    }
    let Some(all) = scrape::now() else { return plain(StatusCode::SERVICE_UNAVAILABLE, "nothing is measured yet\n") };
    let mut response = Response::new(Full::from(all));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(text::CONTENT_TYPE));
    response
}

fn plain(status: StatusCode, says: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(says));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
