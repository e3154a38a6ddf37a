//! The listener: TLS, HTTP/2 and HTTP/1.1. A bad connection ends alone.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{Config, InitError, ServeError, certificate::Certificate, edge::Edge, leftover::drained};

/// A handshake, the headers of a request, and the first request of a connection must each arrive within this time.
const PATIENCE: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long to wait when the system has no descriptor left for a connection.
const BREATHER: Duration = Duration::from_millis(100);
/// So many failures in a row mean that the listener itself is lost.
const MOST_FAILURES: u32 = 100;

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, InitError> {
    TcpListener::bind(address).await.map_err(|source| InitError::Listen { address, source })
}

pub(crate) async fn serve(
    listener: TcpListener,
    certificate: Arc<Certificate>,
    edge: Arc<Edge>,
    config: &Config,
    shutdown: impl Future,
) -> Result<(), ServeError> {
    let builder = Arc::new(builder(config));
    let slots = Arc::new(Semaphore::new(config.limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut failures = 0;
    loop {
        let accepted = tokio::select! {
            _ = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            // Finished connections are forgotten as they finish, so that the set does not grow.
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if failures >= MOST_FAILURES => return Err(ServeError::Listener(error)),
            Err(_) => {
                failures += 1;
                sleep(BREATHER).await;
                continue;
            }
        };
        failures = 0;
        // Over the bound the connection is closed unheard: answering it would cost what there is none of.
        let Ok(slot) = slots.clone().try_acquire_owned() else { continue };
        let acceptor = TlsAcceptor::from(certificate.current());
        let (builder, edge, watcher) = (builder.clone(), edge.clone(), graceful.watcher());
        connections.spawn(async move {
            let _slot = slot;
            connection(stream, peer.ip().to_canonical(), &acceptor, &builder, edge, watcher).await;
        });
    }
    drop(listener);
    if timeout(Duration::from_secs(config.drain_seconds), graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "calls still under way at the end of the drain time were cut off");
    }
    connections.shutdown().await;
    Ok(())
}

fn builder(config: &Config) -> auto::Builder<TokioExecutor> {
    // The transport takes somewhat more than the gateway allows, so that most refusals are the gateway's typed ones.
    let header_room = config.max_header_bytes.saturating_mul(2).max(16 * 1024);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(header_room.max(64 * 1024)).half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.limits.max_streams_per_connection)
        .max_header_list_size(u32::try_from(header_room).unwrap_or(u32::MAX))
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(PATIENCE);
    builder
}

/// One connection from handshake to end. Its errors are the peer's doing and concern nobody else.
async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    acceptor: &TlsAcceptor,
    builder: &auto::Builder<TokioExecutor>,
    edge: Arc<Edge>,
    watcher: Watcher,
) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await else { return };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    // The protocol was agreed on in the handshake: nothing needs to be guessed from the first bytes.
    let builder = if http2 { builder.clone().http2_only() } else { builder.clone().http1_only() };

    let spoke = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let spoke = spoke.clone();
        move |request: http::Request<Incoming>| {
            spoke.store(true, Ordering::Relaxed);
            let edge = edge.clone();
            async move { Ok::<_, Infallible>(edge.answer(drained(request), peer).await) }
        }
    });
    let mut served = pin!(watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned()));
    let silent = async {
        sleep(PATIENCE).await;
        if spoke.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = &mut served => {}
        () = silent => {}
    }
}
