//! One call from a service to its peer: what it says about itself is written here and nowhere else.
//!
//! Whose token travels: a person's own, and only with a call that is made for that person (`acting_for_caller`, and the gateway's) to
//! a method that demands a session. The service that is called checks it again, its revocation included. A call to any other method
//! carries no token: a service is known by its certificate, or by its place in this process, and never by metadata.

use std::{sync::Arc, time::Duration};

use contract::Contract;
use foundation::{BoxError, Refusal};
use http::{HeaderMap, HeaderName, Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};
use tower::ServiceExt;

use super::{Peer, Peers, Target, asked_for, remote, write};
use crate::{call::scope, trace};

/// Headers under which somebody might claim to be somebody: ours travel as extensions, so all of these are claims.
const CLAIMS: &str = "x-kolsai-";

pub(super) async fn call(peers: Peers, from: &'static str, to: Arc<str>, request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let remaining = deadline(request.headers());
    if remaining.is_zero() {
        return Ok(Status::deadline_exceeded("the time of this call was over before it was made").into_http());
    }
    let request = outgoing(request, from, remaining);
    let answer = async {
        match peers.find(from, &to) {
            Target::Local(service) => service.oneshot(request).await.map_err(|never| match never {}),
            Target::Remote(replicas) => Ok(remote::call(&replicas, request).await),
            Target::Nowhere => {
                tracing::error!(from, to = %to, "a peer is neither in this process nor has it an address");
                Ok(Status::from(Refusal::unavailable("NO_SUCH_PEER", "a service that this call needs is not running")).into_http())
            }
        }
    };
    // The callee keeps the same deadline; this one holds when it cannot.
    match tokio::time::timeout(remaining, answer).await {
        Ok(answer) => answer,
        Err(_) => Ok(Status::deadline_exceeded("a service that this call needs did not answer in time").into_http()),
    }
}

/// The smaller of what the client asked for and what is left of the current call, if there is one.
fn deadline(headers: &HeaderMap) -> Duration {
    match (asked_for(headers), scope::current()) {
        (Some(asked), Some(_)) => asked.min(scope::remaining()),
        (Some(asked), None) => asked,
        (None, _) => scope::remaining(),
    }
}

/// The request as it leaves: no extension survives, no header claims to be anybody.
fn outgoing(request: Request<Body>, from: &'static str, remaining: Duration) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    let claims: Vec<HeaderName> = head.headers.keys().filter(|name| name.as_str().starts_with(CLAIMS)).cloned().collect();
    for name in claims {
        head.headers.remove(name);
    }
    write(&mut head.headers, remaining);
    trace::inject(&mut head.headers);
    if Contract::get().method(head.uri.path()).is_some_and(|rule| !rule.needs_session()) {
        head.headers.remove(AUTHORIZATION);
    } else if let Some(scope) = scope::current().filter(|scope| scope.for_caller)
        && let Some(token) = &scope.authorization
    {
        head.headers.entry(AUTHORIZATION).or_insert_with(|| token.clone());
    }
    head.extensions.clear();
    head.extensions.insert(Peer::new(from));
    Request::from_parts(head, body)
}
