//! One request to the embedded store: plain HTTP/1.1 on loopback, a connection each.

use std::{convert::Infallible, future::pending, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use foundation::BoxError;
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use http_body_util::{BodyExt, BodyStream, Limited, StreamBody};
use hyper::{client::conn::http1, ext::on_informational};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Notify, time::timeout};
use tonic::body::Body;

/// The store's errors are a few lines of XML.
const LARGEST_ANSWER: usize = 64 * 1024;
/// How long the store may take to ask for the body before it is sent unasked (RFC 9110, section 10.1.1).
const PATIENCE: Duration = Duration::from_secs(5);

/// What the store answered, whole.
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer.
pub(super) enum Lost {
    /// The caller's body ended before its announced length.
    Body,
    /// The store is not there, or hung up.
    Store(BoxError),
}

/// Sends the request and reads the whole answer. The body goes on as it comes, and only once the store asks for it: a refusal
/// by the headers alone is answered without any of it having been taken.
#[expect(clippy::disallowed_methods, reason = "the embedded store runs in this process, on loopback: nothing leaves the house")]
pub(super) async fn exchange(target: SocketAddr, request: Request<Body>) -> Result<Told, Lost> {
    let stream = TcpStream::connect(target).await.map_err(|error| Lost::Store(error.into()))?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
    let request = waiting(request);
    let talk = async {
        let (parts, body) = sender.send_request(request).await.map_err(lost)?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(Lost::Store)?.to_bytes();
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

/// The request with a body that waits for `100 Continue`.
fn waiting(
    request: Request<Body>,
) -> Request<StreamBody<impl futures::Stream<Item = Result<http_body::Frame<Bytes>, tonic::Status>> + Send>> {
    let wanted = Arc::new(Notify::new());
    let (mut parts, body) = request.into_parts();
    parts.version = Version::HTTP_11;
    parts.headers.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    let asked = wanted.clone();
    let body = async move {
        let _ = timeout(PATIENCE, asked.notified()).await;
        BodyStream::new(body)
    };
    let mut request = Request::from_parts(parts, StreamBody::new(body.flatten_stream()));
    on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            wanted.notify_one();
        }
    });
    request
}

/// Errors that the caller's own body caused are the caller's.
fn lost(error: hyper::Error) -> Lost {
    if error.is_user() || error.is_body_write_aborted() { Lost::Body } else { Lost::Store(error.into()) }
}
