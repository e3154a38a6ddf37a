//! One request to an embedded server: plain HTTP/1.1 on loopback, a connection each.

use std::{convert::Infallible, future::pending, net::SocketAddr};

use bytes::Bytes;
use foundation::BoxError;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer is a small page, or a few lines of XML.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What the server answered, whole.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
pub(super) enum Lost {
    /// The caller's body ended before its announced length.
    Body,
    /// The server is not there, hung up, or answered too much.
    Server(BoxError),
}

/// Sends the request and reads the whole answer; the body goes on as it comes.
#[expect(clippy::disallowed_methods, reason = "embedded servers run in this process, on loopback: nothing leaves the house")]
pub(super) async fn exchange<B>(address: SocketAddr, mut request: Request<B>) -> Result<Told, Lost>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let stream = TcpStream::connect(address).await.map_err(|error| Lost::Server(error.into()))?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
    *request.version_mut() = Version::HTTP_11;
    let talk = async {
        let (parts, body) = sender.send_request(request).await.map_err(lost)?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(Lost::Server)?.to_bytes();
        Ok(Told { status: parts.status, headers: parts.headers, body })
    };
    // The connection runs beside the talk, and ends with it. Its own errors arrive in the talk.
    let run = async {
        let _ = connection.await;
        pending::<Infallible>().await
    };
    tokio::select! {
        told = talk => told,
        never = run => match never {},
    }
}

/// Errors that the caller's own body caused are the caller's.
fn lost(error: hyper::Error) -> Lost {
    if error.is_user() || error.is_body_write_aborted() { Lost::Body } else { Lost::Server(error.into()) }
}
