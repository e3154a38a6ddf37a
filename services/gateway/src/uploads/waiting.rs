//! A body that is taken only once the store asks for it: a refusal by the headers alone comes before any of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyStream, StreamBody};
use hyper::ext::on_informational;
use tokio::{sync::Notify, time::timeout};
use tonic::body::Body;

/// How long the store may take to ask for the body before it is sent unasked (RFC 9110, section 10.1.1).
const PATIENCE: Duration = Duration::from_secs(5);

/// The request with a body that waits for `100 Continue`.
pub(super) fn waiting(
    request: Request<Body>,
) -> Request<StreamBody<impl futures::Stream<Item = Result<http_body::Frame<Bytes>, tonic::Status>> + Send>> {
    let wanted = Arc::new(Notify::new());
    let (mut parts, body) = request.into_parts();
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
