//! Where peers of other processes reach a service: its own port, its own certificate, HTTP/2 over mutual TLS.

use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower::ServiceExt;

use super::{Local, Peer, PeersError, certificates::Identity};

/// A handshake may take this long.
const HANDSHAKE: Duration = Duration::from_secs(5);
const PING_EVERY: Duration = Duration::from_secs(20);
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// Calls of one connection at once: peers open one connection per replica.
const MOST_CALLS: u32 = 1024;
/// No certificate is believed for longer without being shown again.
const OLDEST: Duration = Duration::from_secs(600);
/// How long to wait when the system has no descriptor left for a connection.
const BREATHER: Duration = Duration::from_millis(100);
/// After this many connections at once, further ones wait in the system's queue.
const MOST_CONNECTIONS: usize = 1024;

/// Takes the port of a service, without answering yet.
pub(crate) async fn bind(service: &str, address: &str) -> Result<TcpListener, PeersError> {
    TcpListener::bind(address).await.map_err(|source| PeersError::Listen { setting: service.to_uppercase(), source })
}

/// A listener at work.
pub(crate) struct Listening {
    service: &'static str,
    address: SocketAddr,
    stop: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Listening {
    /// Serves `inner` from now on.
    pub(crate) fn start(service: &'static str, listener: TcpListener, identity: Identity, inner: Local) -> Result<Self, PeersError> {
        let failed = |source| PeersError::Listen { setting: service.to_uppercase(), source };
        let address = listener.local_addr().map_err(failed)?;
        let (stop, cut, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let door = Door { service, identity, inner, stop: stop.clone(), cut: cut.clone(), tasks: tasks.clone() };
        tasks.spawn(door.accept(listener));
        Ok(Self { service, address, stop, cut, tasks })
    }

    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, tells those that are open to send no more calls (GOAWAY), and finishes the calls at work, at most
    /// for `span`.
    pub(crate) async fn finish(&self, span: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(span, self.tasks.wait()).await.is_err() {
            tracing::warn!(service = self.service, connections = self.tasks.len(), "some calls of peers did not finish in time");
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
        self.cut.cancel();
    }
}

#[derive(Clone)]
struct Door {
    service: &'static str,
    identity: Identity,
    inner: Local,
    stop: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Door {
    async fn accept(self, listener: TcpListener) {
        loop {
            while self.tasks.len() > MOST_CONNECTIONS && !self.stop.is_cancelled() {
                sleep(BREATHER).await;
            }
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => drop(self.tasks.spawn(self.clone().connection(stream, from))),
                Err(error) => {
                    tracing::warn!(service = self.service, %error, "a connection could not be taken");
                    sleep(BREATHER).await;
                }
            }
        }
    }

    /// From handshake to end. What goes wrong is the peer's doing and concerns nobody else.
    async fn connection(mut self, stream: TcpStream, from: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let current = self.identity.take();
        let acceptor = TlsAcceptor::from(current.server());
        let stream = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::warn!(service = self.service, %from, %error, "a peer was turned away"),
            Err(_) => return tracing::debug!(service = self.service, %from, "a handshake took too long"),
        };
        // The handshake has seen to it that there is one.
        let Some(peer) = self.identity.caller(stream.get_ref().1) else { return };
        self.serve(stream, peer).await;
    }

    async fn serve(&mut self, stream: TlsStream<TcpStream>, peer: Peer) {
        let inner = self.inner.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (inner, peer) = (inner.clone(), peer.clone());
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                let answered: Result<_, Infallible> = inner.oneshot(request).await;
                answered
            }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_concurrent_streams(MOST_CALLS).keep_alive_interval(PING_EVERY).keep_alive_timeout(PONG_WITHIN);
        let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let (stop, cut) = (self.stop.clone(), self.cut.clone());
        let time_to_go = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.identity.changed() => {}
                () = sleep(OLDEST) => {}
            }
        };
        tokio::select! {
            _ = &mut served => return,
            () = time_to_go => served.as_mut().graceful_shutdown(),
            () = cut.cancelled() => return,
        }
        tokio::select! {
            _ = &mut served => {}
            () = cut.cancelled() => {}
        }
    }
}
