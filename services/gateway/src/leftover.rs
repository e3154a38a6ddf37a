//! What a caller still sends when the answer is already known. An ordinary client sends its whole body before it reads: cut off
//! in the middle, it would report a broken connection instead of the typed refusal. So a bounded rest is taken and thrown away,
//! beside the answer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{runtime::Handle, time::timeout};
use tonic::{Status, body::Body};

/// Bytes of a rest that are taken at most; whoever sends more is cut off.
const MOST: usize = 16 * 1024 * 1024;
/// How long a rest may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request's body, whose unread rest is drained when it is dropped.
struct Drained {
    /// `None` once it has ended.
    body: Option<Body>,
    /// Whether the caller waits for `100 Continue`: asking for the body is then what would make it come.
    unasked: bool,
}

/// Lets the rest of the request's body be drained, wherever on the way its reader stops.
pub(crate) fn drained<B>(request: Request<B>) -> Request<Body>
where
    B: http_body::Body<Data = Bytes, Error: Into<foundation::BoxError>> + Send + 'static,
{
    let unasked = request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        let body = Body::new(body);
        // Most requests have no body, and nothing to drain.
        if body.is_end_stream() { body } else { Body::new(Drained { body: Some(body), unasked }) }
    })
}

impl http_body::Body for Drained {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.unasked = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !self.unasked && !body.is_end_stream());
        // Without a runtime everything ends anyway.
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(timeout(PATIENCE, drain(rest)));
        }
    }
}

async fn drain(mut rest: Body) {
    let mut taken = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > MOST {
            return;
        }
    }
}
