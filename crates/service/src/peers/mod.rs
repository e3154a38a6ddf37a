//! Who else is there: the other services, in this process or elsewhere, behind one kind of transport.

mod connector;
mod deadline;
mod peer;
mod remote;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock},
};

use foundation::Transport;
use http::{Request, Response};
use tonic::{body::Body, transport::Channel};
use tower::util::BoxCloneSyncService;

pub(crate) use deadline::{asked_for, write};
pub use peer::Peer;
pub use remote::PeerCertificates;

/// A service behind its stack, as peers reach it in this process.
pub type Local = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Why peers cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    #[error("`{0}` is registered twice in this process")]
    Twice(String),
    #[error("the address of `{0}` is not usable: write `https://host:port`")]
    Address(String),
    #[error("the certificates of peers cannot be read")]
    Certificates(#[source] std::io::Error),
    #[error("calling `{0}` in another process needs KOLSAI__PEERS__AUTHORITY, KOLSAI__PEERS__CERTIFICATE and KOLSAI__PEERS__KEY")]
    NoCertificates(String),
}

/// The peers of this process. Clones are the same registry.
#[derive(Clone, Default)]
pub struct Peers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    local: RwLock<HashMap<String, Local>>,
    remote: HashMap<String, Channel>,
}

/// Where a call goes.
enum Target {
    Local(Local),
    Remote(Channel),
    Nowhere,
}

impl Peers {
    /// Every peer runs in this process.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// The peers named in `addresses` are reached over mutual TLS; connections are made when first used. Call it
    /// inside the runtime.
    pub fn with_remote<'a>(
        addresses: impl IntoIterator<Item = (&'a String, &'a String)>,
        certificates: Option<&PeerCertificates>,
    ) -> Result<Self, PeersError> {
        let channels = addresses.into_iter().map(|(name, address)| Ok((name.clone(), remote::channel(name, address, certificates)?)));
        Ok(Self(Arc::new(Inner { local: RwLock::default(), remote: channels.collect::<Result<_, PeersError>>()? })))
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

    /// The names of services in this process.
    pub fn local_names(&self) -> Vec<String> {
        self.0.local.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Forgets the services of this process: they hold transports, and transports hold them.
    pub fn clear(&self) {
        let local = std::mem::take(&mut *self.0.local.write().unwrap_or_else(PoisonError::into_inner));
        // Dropped outside the lock: a service may hold the registry itself.
        drop(local);
    }

    fn find(&self, name: &str) -> Target {
        if let Some(local) = self.0.local.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Target::Local(local.clone());
        }
        self.0.remote.get(name).map_or(Target::Nowhere, |channel| Target::Remote(channel.clone()))
    }
}
