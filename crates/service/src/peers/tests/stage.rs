//! Services on loopback with certificates of a development authority.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{Contract, Idempotent};
use foundation::{Clock, Mode};
use http::{Request, Response};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use crate::peers::{
    Certificates, Listening, Local, Peer, Peers,
    authority::{DevelopmentAuthority, LIFE},
    bind,
};

pub const DOMAIN: &str = "kolsai";

/// A folder with certificates.
pub struct Stage {
    pub folder: tempfile::TempDir,
    pub authority: DevelopmentAuthority,
    pub certificates: Certificates,
}

impl Stage {
    /// Certificates for these names.
    pub fn of(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = DevelopmentAuthority::open(folder.path(), DOMAIN, Clock::system(Mode::Development).now()).unwrap();
        for name in names {
            authority.issue(name, LIFE).unwrap();
        }
        let certificates = Certificates::new(folder.path(), DOMAIN);
        Self { folder, authority, certificates }
    }

    /// `service` at work on a port of its own, under the certificate of `shown`.
    pub async fn listen_as(&self, service: &'static str, shown: &str, inner: Local) -> Listening {
        let listener = bind(service, "127.0.0.1:0").await.unwrap();
        Listening::start(service, listener, self.certificates.of(shown).unwrap(), inner).unwrap()
    }

    pub async fn listen(&self, service: &'static str, inner: Local) -> Listening {
        self.listen_as(service, service, inner).await
    }

    /// The peers of a process that reaches `service` there.
    pub fn peers(&self, service: &str, at: &[SocketAddr]) -> Peers {
        let text: Vec<String> = at.iter().map(|at| format!("https://{at}")).collect();
        let addresses = [(service.to_owned(), text.join(","))].into();
        Peers::with_remote(&addresses, Some(self.certificates.clone())).unwrap()
    }
}

/// A method that may be repeated, and one that may not.
pub fn methods() -> (String, String) {
    let unary = |idempotent: Idempotent| {
        let of = |rule: &&contract::MethodRule| rule.idempotent == idempotent && !rule.client_streaming && !rule.server_streaming;
        Contract::get().methods().iter().find(of).unwrap().path.clone()
    };
    (unary(Idempotent::Read), unary(Idempotent::No))
}

pub async fn call(peers: &Peers, from: &'static str, to: &str, path: &str) -> Status {
    call_within(peers, from, to, path, Duration::from_secs(10)).await
}

pub async fn call_within(peers: &Peers, from: &'static str, to: &str, path: &str, within: Duration) -> Status {
    let timeout = format!("{}m", within.as_millis());
    let body = Body::new(http_body_util::Full::new(bytes::Bytes::from_static(&[0, 0, 0, 0, 0])));
    let request = Request::builder().method("POST").uri(path).header("grpc-timeout", timeout).body(body).unwrap();
    let answer = peers.transport(from, to).oneshot(request).await.unwrap();
    Status::from_header_map(answer.headers()).unwrap_or_else(|| Status::new(Code::Ok, ""))
}

/// A service that counts its calls and does with each what it is told, by the call's number.
pub fn counting<F, W>(work: F) -> (Local, Arc<AtomicUsize>)
where
    F: Fn(usize, Request<Body>) -> W + Clone + Send + Sync + 'static,
    W: Future<Output = Status> + Send + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let answer = work(counted.fetch_add(1, Ordering::SeqCst), request);
        async move { Ok::<Response<Body>, Infallible>(answer.await.into_http()) }
    });
    (Local::new(service), count)
}

/// A service that answers with the name and the standing of whoever calls.
pub fn telling() -> (Local, Arc<AtomicUsize>) {
    counting(|_, request: Request<Body>| {
        let peer = request.extensions().get::<Peer>().map(|peer| format!("{} {:?}", peer.name(), peer.standing()));
        async move { Status::new(Code::Ok, peer.unwrap_or_default()) }
    })
}
