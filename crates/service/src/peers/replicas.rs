//! The replicas of one service: found by name, asked by how much each has to do, left alone for a moment when they do not answer.

use std::{
    collections::BTreeSet,
    error::Error,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use tokio::{net::lookup_host, time::Instant};
use tonic::body::Body;

use super::{PeersError, certificates::Identity, dial::dial};

/// Names are looked up again this often, while there are calls: a name server knows replicas that come and go.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5);
const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);
/// A replica that cannot be reached is passed over for this long, doubled up to the longest.
const SHORTEST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Why a replica has not answered.
pub(super) enum Failure {
    /// Nobody has heard of the call: it can go to another replica, whatever it does.
    Unsent(String),
    /// The call was under way: whether it was done is not known.
    Lost(String),
}

/// Where a service is reached: `host:port`, one or several.
pub(super) struct Replicas {
    to: Arc<str>,
    hosts: Vec<String>,
    identity: Identity,
    list: Mutex<Vec<Arc<Replica>>>,
    looked_up: Mutex<Option<Instant>>,
    looking: AtomicBool,
    next: AtomicUsize,
}

pub(super) struct Replica {
    pub(super) address: SocketAddr,
    open: Mutex<Option<Open>>,
    /// Held while a connection is made, so that one is made and not one per call.
    opening: tokio::sync::Mutex<()>,
    at_work: AtomicUsize,
    rest: Mutex<Rest>,
}

#[derive(Clone)]
struct Open {
    sender: SendRequest<Body>,
    generation: u64,
}

#[derive(Default)]
struct Rest {
    failures: u32,
    until: Option<Instant>,
}

/// The addresses in a setting: `https://host:port`, several separated by commas.
pub(super) fn hosts(name: &str, setting: &str) -> Result<Vec<String>, PeersError> {
    let wrong = || PeersError::Address(name.to_uppercase());
    let host = |text: &str| {
        let host = text.trim().strip_prefix("https://").map(|rest| rest.trim_end_matches('/')).ok_or_else(wrong)?;
        let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) || host.contains('/') || host.contains('@') { Err(wrong()) } else { Ok(host.to_owned()) }
    };
    setting.split(',').map(host).collect()
}

impl Replicas {
    pub(super) fn new(to: Arc<str>, hosts: Vec<String>, identity: Identity) -> Self {
        let (list, looked_up) = (Mutex::default(), Mutex::default());
        Self { to, hosts, identity, list, looked_up, looking: AtomicBool::new(false), next: AtomicUsize::new(0) }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.to
    }

    /// The replica to ask next: one that this call has not tried, that does not rest, and has the least to do.
    pub(super) async fn pick(self: &Arc<Self>, tried: &[SocketAddr]) -> Option<Arc<Replica>> {
        self.look_up_when_due().await;
        let list = lock(&self.list).clone();
        let (now, first) = (Instant::now(), self.next.fetch_add(1, Ordering::Relaxed));
        let turn = |index: usize| (index + list.len() - first % list.len()) % list.len();
        let of = |(index, replica): &(usize, &Arc<Replica>)| {
            let times = tried.iter().filter(|address| **address == replica.address).count();
            (times, replica.rests(now), replica.at_work.load(Ordering::Relaxed), turn(*index))
        };
        list.iter().enumerate().min_by_key(of).map(|(_, replica)| replica.clone())
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.list).len()
    }

    /// Sends a call to one replica.
    pub(super) async fn send(&self, replica: &Replica, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let _at_work = AtWork::begin(&replica.at_work);
        let mut open = replica.open(&self.to, &self.identity).await.map_err(Failure::Unsent)?;
        let sent = open.sender.try_send_request(request).await;
        sent.map_err(|mut error| {
            replica.forget(&open);
            let said = error.error().to_string();
            let unsent = error.take_message().is_some() || was_not_taken_up(error.error());
            if unsent { Failure::Unsent(said) } else { Failure::Lost(said) }
        })
    }

    /// The first time before anything else; later beside the calls.
    async fn look_up_when_due(self: &Arc<Self>) {
        let age = lock(&self.looked_up).map(|at| at.elapsed());
        match age {
            Some(age) if age < LOOK_UP_EVERY => {}
            Some(_) if self.len() > 0 => {
                if !self.looking.swap(true, Ordering::AcqRel) {
                    let own = self.clone();
                    tokio::spawn(async move {
                        own.look_up().await;
                        own.looking.store(false, Ordering::Release);
                    });
                }
            }
            _ => self.look_up().await,
        }
    }

    /// Takes up what is new and lets go what is gone: calls under way there come to their end. Without an answer the list stays.
    async fn look_up(&self) {
        let mut found = BTreeSet::new();
        for host in &self.hosts {
            match tokio::time::timeout(LOOK_UP_WITHIN, lookup_host(host)).await {
                Ok(Ok(addresses)) => found.extend(addresses),
                Ok(Err(error)) => tracing::warn!(to = %self.to, host, %error, "a peer's name is not found"),
                Err(_) => tracing::warn!(to = %self.to, host, "the name server does not answer"),
            }
        }
        *lock(&self.looked_up) = Some(Instant::now());
        if found.is_empty() {
            return;
        }
        let mut list = lock(&self.list);
        let kept: Vec<_> = list.iter().filter(|replica| found.contains(&replica.address)).cloned().collect();
        let new = found.into_iter().filter(|address| !kept.iter().any(|replica| replica.address == *address)).map(Replica::new);
        let now: Vec<_> = kept.iter().cloned().chain(new.map(Arc::new)).collect();
        *list = now;
    }
}

impl Replica {
    fn new(address: SocketAddr) -> Self {
        Self { address, open: Mutex::default(), opening: Default::default(), at_work: AtomicUsize::new(0), rest: Mutex::default() }
    }

    fn rests(&self, now: Instant) -> bool {
        lock(&self.rest).until.is_some_and(|until| until > now)
    }

    /// A connection that is open and shows our newest certificate.
    async fn open(&self, to: &str, identity: &Identity) -> Result<Open, String> {
        if let Some(open) = self.usable(identity) {
            return Ok(open);
        }
        let _one = self.opening.lock().await;
        // Somebody may have made it while we waited.
        if let Some(open) = self.usable(identity) {
            return Ok(open);
        }
        let own = identity.current();
        match dial(self.address, to, &own).await {
            Ok(sender) => {
                let open = Open { sender, generation: own.generation };
                *lock(&self.open) = Some(open.clone());
                *lock(&self.rest) = Rest::default();
                Ok(open)
            }
            Err(error) => {
                self.tire();
                tracing::warn!(to, address = %self.address, %error, "a replica of a peer cannot be reached");
                Err(error.to_string())
            }
        }
    }

    fn usable(&self, identity: &Identity) -> Option<Open> {
        let newest = identity.current().generation;
        lock(&self.open).as_ref().filter(|open| !open.sender.is_closed() && open.generation == newest).cloned()
    }

    /// The connection broke: the next call makes another one, unless somebody has.
    fn forget(&self, broken: &Open) {
        let mut open = lock(&self.open);
        if open.as_ref().is_some_and(|open| open.sender.is_closed() && open.generation == broken.generation) {
            *open = None;
        }
    }

    fn tire(&self) {
        let mut rest = lock(&self.rest);
        let span = (SHORTEST_REST * 2_u32.saturating_pow(rest.failures.min(8))).min(LONGEST_REST);
        rest.failures = rest.failures.saturating_add(1);
        rest.until = Some(Instant::now() + span);
    }
}

/// Whoever goes in good order says which calls are taken up still (RFC 9113, 6.8 and 8.7): this one was not.
fn was_not_taken_up(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<h2::Error>()).filter(|cause| cause.is_remote());
    cause.is_some_and(|cause| match cause.reason() {
        Some(h2::Reason::NO_ERROR) => cause.is_go_away(),
        reason => reason == Some(h2::Reason::REFUSED_STREAM),
    })
}

/// A call that waits for its answer.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_with_a_port() {
        let found = |setting: &str| hosts("learning", setting).ok();
        assert_eq!(found("https://learning:7102"), Some(vec!["learning:7102".into()]));
        assert_eq!(found("https://127.0.0.1:1, https://[::1]:2/"), Some(vec!["127.0.0.1:1".into(), "[::1]:2".into()]));
        for wrong in
            ["", "http://learning:7102", "learning:7102", "https://learning", "https://:1", "https://a:0", "https://a:1,", "https://a/b:1"]
        {
            assert_eq!(found(wrong), None, "{wrong}");
        }
        let said = hosts("learning", "x").unwrap_err().to_string();
        assert!(said.starts_with("KOLSAI__PEERS__ADDRESSES__LEARNING"), "{said}");
    }
}
