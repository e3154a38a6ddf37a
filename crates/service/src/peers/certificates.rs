//! The certificates of this process's services: read from a folder, read again when they change, without a restart.

use std::{
    collections::HashMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    sign::CertifiedKey,
};
use tokio::sync::watch;

use super::{Peer, spiffe, tls};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The layout of a `kubernetes.io/tls` secret, as cert-manager writes it.
pub const AUTHORITY: &str = "ca.crt";
pub const CERTIFICATE: &str = "tls.crt";
pub const KEY: &str = "tls.key";

/// Why the certificate of a service cannot be used. Paths and names, never keys.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    #[error("KOLSAI__PEERS__CERTIFICATES: {} cannot be read; the folder holds `<service>/ca.crt`, `tls.crt` and `tls.key`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    #[error("KOLSAI__PEERS__CERTIFICATES: the certificate of `{service}` cannot be used: {why}")]
    Unusable { service: String, why: String },
}

/// A folder with an identity per service: `<folder>/<service>/{ca.crt,tls.crt,tls.key}`. Clones share what was read.
#[derive(Clone)]
pub struct Certificates(Arc<Folder>);

struct Folder {
    path: PathBuf,
    domain: String,
    known: Mutex<HashMap<String, Identity>>,
}

impl Certificates {
    pub fn new(folder: impl Into<PathBuf>, domain: impl Into<String>) -> Self {
        Self(Arc::new(Folder { path: folder.into(), domain: domain.into(), known: Mutex::default() }))
    }

    /// The identity of a service, read when it is first asked for and kept up to date from then on. Call it inside the runtime.
    pub fn of(&self, service: &str) -> Result<Identity, CertificatesError> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = known.get(service) {
            return Ok(identity.clone());
        }
        let files = Files { folder: self.0.path.join(service), service: service.to_owned(), domain: self.0.domain.clone() };
        let stamp = files.stamp();
        let (told, identity) = watch::channel(Arc::new(files.load(0)?));
        tokio::spawn(follow(files, stamp, told));
        let identity = Identity(identity);
        known.insert(service.to_owned(), identity.clone());
        Ok(identity)
    }
}

/// Who a service is to its peers; always the newest that could be read. Clones follow the same files.
#[derive(Clone)]
pub struct Identity(watch::Receiver<Arc<Loaded>>);

impl Identity {
    pub(super) fn current(&self) -> Arc<Loaded> {
        self.0.borrow().clone()
    }

    /// The newest, as [`Identity::changed`] then compares with.
    pub(super) fn take(&mut self) -> Arc<Loaded> {
        self.0.borrow_and_update().clone()
    }

    /// Returns once another certificate is in use than the one taken.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody follows the files any more: the process ends.
            std::future::pending::<()>().await;
        }
    }

    /// For another listener that shows this service's certificate and demands one of a peer; taken anew for each connection.
    pub fn server_speaking(&self, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::clone(&self.current().server);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }

    /// Whose certificate the handshake has found at the other end.
    pub fn caller(&self, connection: &ServerConnection) -> Option<Peer> {
        let leaf = connection.peer_certificates()?.first()?;
        spiffe::name_in(leaf, &self.current().domain).ok().map(|name| Peer::of_certificate(&name))
    }
}

/// One reading of the three files.
pub(super) struct Loaded {
    /// Counts readings, so that a connection knows whether its own is the newest.
    pub(super) generation: u64,
    own: Arc<CertifiedKey>,
    authority: Arc<RootCertStore>,
    domain: String,
    server: Arc<ServerConfig>,
}

impl Loaded {
    /// For a connection to this service, and to nobody else.
    pub(super) fn client(&self, to: &str) -> Result<ClientConfig, rustls::Error> {
        tls::client(self.own.clone(), &self.authority, &self.domain, to)
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }
}

struct Files {
    folder: PathBuf,
    service: String,
    domain: String,
}

/// What tells a changed file: time, length and inode of each. A mounted secret changes its links all at once.
type Stamp = Vec<Option<(i64, i64, u64, u64)>>;

impl Files {
    fn stamp(&self) -> Stamp {
        [AUTHORITY, CERTIFICATE, KEY]
            .iter()
            .map(|name| {
                let file = std::fs::metadata(self.folder.join(name)).ok()?;
                Some((file.mtime(), file.mtime_nsec(), file.len(), file.ino()))
            })
            .collect()
    }

    fn load(&self, generation: u64) -> Result<Loaded, CertificatesError> {
        let unusable = |why: String| CertificatesError::Unusable { service: self.service.clone(), why };
        let authority = Arc::new(authority_in(&self.folder.join(AUTHORITY))?);
        let chain = chain_in(&self.folder.join(CERTIFICATE))?;
        let path = self.folder.join(KEY);
        let key = PrivateKeyDer::from_pem_file(&path).map_err(|source| CertificatesError::Read { path, source })?;
        let now = UnixTime::now();
        let usable = tls::signed_for_servers(&chain, &authority, now).and_then(|()| tls::signed_for_clients(&chain, &authority, now));
        usable.map_err(|error| unusable(error.to_string()))?;
        let leaf = chain.first().ok_or_else(|| unusable("the file holds none".into()))?;
        spiffe::is_of(leaf, &self.domain, &self.service).map_err(|error| unusable(error.to_string()))?;
        let own = CertifiedKey::from_der(chain, key, &tls::provider()).map_err(|error| unusable(error.to_string()))?;
        let own = Arc::new(own);
        let server = tls::server(own.clone(), &authority, &self.domain).map_err(|error| unusable(error.to_string()))?;
        Ok(Loaded { generation, own, authority, domain: self.domain.clone(), server: Arc::new(server) })
    }
}

/// The certificates of a PEM file, the end entity first.
pub(super) fn chain_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificatesError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| CertificatesError::Read { path: path.to_owned(), source })
}

pub(super) fn authority_in(path: &Path) -> Result<RootCertStore, CertificatesError> {
    let mut store = RootCertStore::empty();
    let added = store.add_parsable_certificates(chain_in(path)?).0;
    if added > 0 {
        return Ok(store);
    }
    Err(CertificatesError::Read { path: path.to_owned(), source: rustls::pki_types::pem::Error::NoItemsFound })
}

/// Reads the files again when they have changed. What is half written or does not fit together leaves the former one in use.
async fn follow(files: Files, mut seen: Stamp, told: watch::Sender<Arc<Loaded>>) {
    let files = Arc::new(files);
    let (mut generation, mut pending) = (0, false);
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = told.closed() => return,
        }
        let (reader, next) = (files.clone(), generation + 1);
        let before = (!pending).then(|| seen.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let stamp = reader.stamp();
            // What could not be used is read again at each look: it may have been in the middle of being written.
            (before.as_ref() != Some(&stamp)).then(|| (stamp, reader.load(next)))
        });
        let Ok(Some((stamp, loaded))) = looked.await else { continue };
        let is_new = stamp != seen;
        (seen, pending) = (stamp, loaded.is_err());
        match loaded {
            Ok(loaded) => {
                generation = next;
                told.send_replace(Arc::new(loaded));
                tracing::info!(service = files.service, "the certificate was read again and is in use");
            }
            Err(error) if is_new => {
                let service = &files.service;
                tracing::error!(service, %error, alarm = "CERTIFICATE_UNUSABLE", "the former certificate stays in use");
            }
            Err(_) => {}
        }
    }
}
