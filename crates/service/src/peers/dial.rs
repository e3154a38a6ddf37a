//! One connection to one replica of a service: TCP, mutual TLS, HTTP/2.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tonic::body::Body;

use super::certificates::Loaded;

/// From the first packet to a connection that can be used.
const CONNECT: Duration = Duration::from_secs(2);
/// A replica that has gone without a word is noticed after both together.
const PING_EVERY: Duration = Duration::from_secs(10);
const PONG_WITHIN: Duration = Duration::from_secs(5);
/// Bytes under way to us, of one answer and of all.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("nobody answers there in time")]
    Late,
    #[error("the connection is refused: {0}")]
    Tcp(#[source] io::Error),
    #[error("the certificates do not fit: {0}")]
    Tls(#[source] io::Error),
    #[error("our own certificate cannot be used: {0}")]
    Own(#[from] rustls::Error),
    #[error("`{0}` is no name that TLS can ask for")]
    Name(String),
    #[error("the other side does not speak HTTP/2: {0}")]
    Http(#[from] hyper::Error),
}

/// Connects to the replica at `address`, and to nobody who is not the service `to`.
pub(super) async fn dial(address: SocketAddr, to: &str, own: &Loaded) -> Result<SendRequest<Body>, DialError> {
    timeout(CONNECT, connect(address, to, own)).await.unwrap_or(Err(DialError::Late))
}

async fn connect(address: SocketAddr, to: &str, own: &Loaded) -> Result<SendRequest<Body>, DialError> {
    let name = ServerName::try_from(to.to_owned()).map_err(|_| DialError::Name(to.to_owned()))?;
    let tls = TlsConnector::from(Arc::new(own.client(to)?));
    let stream = TcpStream::connect(address).await.map_err(DialError::Tcp)?;
    stream.set_nodelay(true).map_err(DialError::Tcp)?;
    let stream = tls.connect(name, stream).await.map_err(DialError::Tls)?;
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_WITHIN)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    // It ends by itself: with the replica, or once nobody holds its sender and its last call is over.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%address, %error, "a connection to a peer ended");
        }
    });
    Ok(sender)
}
