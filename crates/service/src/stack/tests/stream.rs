use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};

use super::super::body::Streamed;
use crate::call::scope::{CURRENT, Scope, current};

fn scope() -> Arc<Scope> {
    Arc::new(Scope { deadline: Instant::now(), traceparent: None, authorization: None, for_caller: false })
}

async fn streamed(frames: impl futures::Stream<Item = Result<Frame<Bytes>, Status>> + Send + 'static, span: Duration) -> Streamed {
    CURRENT.scope(scope(), async { Streamed::new(Body::new(StreamBody::new(frames)), Instant::now() + span) }).await
}

#[tokio::test]
async fn a_stream_keeps_its_scope_and_hides_causes_in_its_trailers() {
    let mut trailers = HeaderMap::new();
    Status::internal("the password of the database is hunter2").add_header(&mut trailers).unwrap();
    let data = stream::once(async { Ok(Frame::data(Bytes::from(if current().is_some() { "inside" } else { "outside" }))) });
    let frames = data.chain(stream::iter([Ok(Frame::trailers(trailers))]));
    let mut body = streamed(frames, Duration::from_secs(5)).await;
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "inside");
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    let status = Status::from_header_map(&trailers).unwrap();
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error; quote the trace id"));
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_stream_that_panics_ends_with_an_error() {
    let frames = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Frame<Bytes>, Status>>> { panic!("as asked") });
    let mut body = streamed(frames, Duration::from_secs(5)).await;
    assert_eq!(body.frame().await.unwrap().unwrap_err().code(), Code::Internal);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_its_time() {
    let mut body = streamed(stream::pending(), Duration::from_millis(50)).await;
    assert_eq!(body.frame().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
}
