//! A call to a service of another process, and what becomes of it when a replica dies.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use contract::{Contract, Idempotent};
use foundation::Refusal;
use http::{Request, Response, Uri, Version, request::Parts};
use http_body_util::{BodyExt, Full};
use tonic::{Status, body::Body};

use super::replicas::{Failure, Replicas};

/// Calls `request` at one of the replicas. A call of which no replica has heard goes to the next one. One that was under way when
/// its connection broke is repeated once, where the method's rule says that doing it twice is doing it once; any other is not.
pub(super) async fn call(replicas: &Arc<Replicas>, request: Request<Body>) -> Response<Body> {
    let rule = Contract::get().method(request.uri().path());
    let (mut head, body) = request.into_parts();
    head.version = Version::HTTP_2;
    head.uri = match absolute(replicas.name(), &head.uri) {
        Ok(uri) => uri,
        Err(error) => return Status::from(Refusal::internal(&error)).into_http(),
    };
    if rule.is_some_and(|rule| rule.client_streaming) {
        return once(replicas, Request::from_parts(head, body)).await;
    }
    // One message: it is in memory already, and can be sent again.
    let message = match body.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(status) => return status.into_http(),
    };
    let repeatable = rule.is_some_and(|rule| rule.idempotent != Idempotent::No);
    several(replicas, &head, &message, repeatable).await
}

async fn several(replicas: &Arc<Replicas>, head: &Parts, message: &Bytes, repeatable: bool) -> Response<Body> {
    let (mut tried, mut lost): (Vec<SocketAddr>, bool) = (Vec::new(), false);
    loop {
        let Some(replica) = replicas.pick(&tried).await else { break };
        let request = Request::from_parts(head.clone(), Body::new(Full::new(message.clone())));
        let failure = match replicas.send(&replica, request).await {
            Ok(answer) => return answer.map(Body::new),
            Err(failure) => failure,
        };
        tried.push(replica.address);
        let (to, address) = (replicas.name(), replica.address);
        match failure {
            Failure::Unsent(cause) => tracing::debug!(%to, %address, cause, "a replica did not take a call; another one is asked"),
            Failure::Lost(cause) if repeatable && !lost => {
                tracing::warn!(%to, %address, cause, "a connection broke under a call, which is repeated");
                lost = true;
            }
            Failure::Lost(cause) => return broken(replicas, &cause),
        }
        // Each once, and the last chance for one that has just come back.
        if tried.len() > replicas.len() {
            break;
        }
    }
    unreachable(replicas)
}

/// A stream of messages is sent once: what has left cannot be said again.
async fn once(replicas: &Arc<Replicas>, request: Request<Body>) -> Response<Body> {
    let Some(replica) = replicas.pick(&[]).await else { return unreachable(replicas) };
    match replicas.send(&replica, request).await {
        Ok(answer) => answer.map(Body::new),
        Err(Failure::Unsent(_)) => unreachable(replicas),
        Err(Failure::Lost(cause)) => broken(replicas, &cause),
    }
}

/// HTTP/2 wants scheme and authority; a client made for a transport of ours says neither.
fn absolute(name: &str, uri: &Uri) -> Result<Uri, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder().scheme("https").authority(name).path_and_query(path).build()
}

fn unreachable(replicas: &Replicas) -> Response<Body> {
    tracing::warn!(to = %replicas.name(), "no replica of a peer can be reached");
    Status::from(Refusal::unavailable("PEER_UNREACHABLE", "a service that this call needs cannot be reached; try again")).into_http()
}

fn broken(replicas: &Replicas, cause: &str) -> Response<Body> {
    tracing::warn!(to = %replicas.name(), cause, "a connection broke under a call, which may have been done");
    Status::from(Refusal::unavailable("PEER_LOST", "a service went away in the middle of this call; look whether it was done")).into_http()
}
