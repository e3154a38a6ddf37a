//! Who else is there: the other services, in this process or elsewhere, behind one kind of transport.
//!
//! In process a call passes through the same stack as over the network. Elsewhere it goes over mutual TLS 1.3: each service of a
//! process has its own certificate, its own listener and its own connections, so that two services of one process are two identities.
//! A certificate names its service by exactly one SPIFFE URI, `spiffe://<trust domain>/<service>`; host names and metadata say nothing.

pub mod authority;
mod certificates;
mod connector;
mod deadline;
mod dial;
mod listener;
mod peer;
mod remote;
mod replicas;
pub mod spiffe;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use foundation::Transport;
use http::{Request, Response};
use tonic::body::Body;
use tower::util::BoxCloneSyncService;

pub use certificates::{Certificates, CertificatesError, Identity};
pub(crate) use deadline::{asked_for, write};
pub(crate) use listener::{Listening, bind};
pub use peer::{Peer, Standing};

use replicas::Replicas;

/// A service behind its stack, as peers reach it in this process.
pub type Local = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Why peers cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    #[error("`{0}` is registered twice in this process")]
    Twice(String),
    #[error("KOLSAI__PEERS__ADDRESSES__{0} is not usable: write `https://host:port`, several separated by commas")]
    Address(String),
    #[error("KOLSAI__PEERS__CERTIFICATES: services of other processes are called with a certificate; name the folder that holds them")]
    NoCertificates,
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    #[error("KOLSAI__PEERS__LISTEN__{setting}: nothing can listen there: {source}")]
    Listen {
        setting: String,
        #[source]
        source: std::io::Error,
    },
}

/// The peers of this process. Clones are the same registry.
#[derive(Clone, Default)]
pub struct Peers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    local: RwLock<HashMap<String, Local>>,
    hosts: HashMap<String, Vec<String>>,
    certificates: Option<Certificates>,
    /// By caller, then by callee: each service shows its own certificate.
    remote: Mutex<HashMap<&'static str, HashMap<String, Arc<Replicas>>>>,
}

/// Where a call goes.
enum Target {
    Local(Local),
    Remote(Arc<Replicas>),
    Nowhere,
}

impl Peers {
    /// Every peer runs in this process.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// The peers named in `addresses` are reached over mutual TLS; connections are made when first used.
    pub fn with_remote(addresses: &BTreeMap<String, String>, certificates: Option<Certificates>) -> Result<Self, PeersError> {
        let hosts = addresses.iter().map(|(name, address)| Ok((name.clone(), replicas::hosts(name, address)?)));
        let hosts = hosts.collect::<Result<HashMap<_, _>, PeersError>>()?;
        if certificates.is_none() && !hosts.is_empty() {
            return Err(PeersError::NoCertificates);
        }
        Ok(Self(Arc::new(Inner { hosts, certificates, ..Inner::default() })))
    }

    /// Puts a service, inside its stack, where its peers find it.
    pub fn register(&self, name: &str, service: Local) -> Result<(), PeersError> {
        let mut local = self.0.local.write().unwrap_or_else(PoisonError::into_inner);
        if local.contains_key(name) {
            return Err(PeersError::Twice(name.to_owned()));
        }
        local.insert(name.to_owned(), service);
        Ok(())
    }

    /// The way from one service to another. The target is looked up at each call, so it may be registered later.
    pub fn transport(&self, from: &'static str, to: &str) -> Transport {
        let (peers, to): (Self, Arc<str>) = (self.clone(), to.into());
        foundation::transport(tower::service_fn(move |request| connector::call(peers.clone(), from, to.clone(), request)))
    }

    /// Who a service of this process is to its peers. Call it inside the runtime.
    pub fn identity(&self, service: &str) -> Result<Identity, PeersError> {
        Ok(self.0.certificates.as_ref().ok_or(PeersError::NoCertificates)?.of(service)?)
    }

    /// The names of services in this process.
    pub fn local_names(&self) -> Vec<String> {
        self.0.local.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn local(&self, name: &str) -> Option<Local> {
        self.0.local.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Forgets the services of this process: they hold transports, and transports hold them.
    pub fn clear(&self) {
        let local = std::mem::take(&mut *self.0.local.write().unwrap_or_else(PoisonError::into_inner));
        // Dropped outside the lock: a service may hold the registry itself.
        drop(local);
        self.0.remote.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn find(&self, from: &'static str, to: &str) -> Target {
        if let Some(local) = self.local(to) {
            return Target::Local(local);
        }
        let Some(hosts) = self.0.hosts.get(to) else { return Target::Nowhere };
        let mut remote = self.0.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(replicas) = remote.get(from).and_then(|of| of.get(to)) {
            return Target::Remote(replicas.clone());
        }
        match self.identity(from) {
            Ok(identity) => {
                let replicas = Arc::new(Replicas::new(to.into(), hosts.clone(), identity));
                remote.entry(from).or_default().insert(to.to_owned(), replicas.clone());
                Target::Remote(replicas)
            }
            Err(error) => {
                tracing::error!(from, to, %error, "a service has no certificate to call its peers with");
                Target::Nowhere
            }
        }
    }
}
