//! What stands around every service: peer, rule, token, deadline, naming check and access log, once for all methods.

mod access;
mod answer;
mod authorize;
mod body;
mod categories;
mod sessions;
mod states;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use contract::{Contract, MethodRule};
use foundation::{Clock, Refusal};
use futures::FutureExt;
use http::{Request, Response, header::AUTHORIZATION};
use personal_data::{AccessRecorder, Db, own_access};
use tokio::time::Instant;
use tonic::{Status, body::Body, service::Routes};
use tower::ServiceExt;
use tracing::Instrument;

use crate::{
    call::{
        Caller, Exceptions, Ties,
        scope::{CURRENT, DEFAULT_DEADLINE, Scope},
    },
    peers::{Local, Peer, Standing, asked_for},
    token::TokenVerifier,
    trace,
};

/// No call takes longer, whatever its client asks for.
const LONGEST: Duration = Duration::from_secs(60);

/// A streamed answer may take this long once it has begun.
const LONGEST_STREAM: Duration = Duration::from_secs(600);

/// Everything that a stack needs beside the service itself.
#[derive(Clone)]
pub struct StackParts {
    /// The service's own name: `identity`, `keyring`, …
    pub service: &'static str,
    pub clock: Clock,
    pub verifier: TokenVerifier,
    /// Where accesses are recorded; without one, an answer with a person in it does not leave.
    pub recorder: Option<Arc<dyn AccessRecorder>>,
    pub ties: Option<Arc<dyn Ties>>,
    /// What stands in for a tie that is not there.
    pub exceptions: Option<Arc<dyn Exceptions>>,
    /// Where the states of people stand; what a state forbids is refused before the use case runs.
    pub states: Option<Db>,
}

/// One service's stack.
struct Stack {
    contract: &'static Contract,
    parts: StackParts,
    routes: Routes,
    sessions: sessions::Seen,
}

/// Which service of which contract: what a rule's categories are read from.
#[derive(Clone, Copy)]
struct Origin {
    contract: &'static Contract,
    service: &'static str,
}

/// Puts a service inside its stack.
pub fn around(routes: Routes, parts: StackParts) -> Local {
    around_by(Contract::get(), routes, parts)
}

fn around_by(contract: &'static Contract, routes: Routes, parts: StackParts) -> Local {
    let stack = Arc::new(Stack { contract, parts, routes: routes.prepare(), sessions: sessions::Seen::default() });
    Local::new(tower::service_fn(move |request| {
        let stack = stack.clone();
        async move { Ok::<_, Infallible>(stack.answer(request).await) }
    }))
}

impl Stack {
    async fn answer(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let (peer, began) = (request.extensions().get::<Peer>().cloned(), Instant::now());
        let method = self.contract.method(request.uri().path());
        let span = self.span(method, peer.as_ref());
        let incoming = trace::Incoming::of(request.headers());
        if let Some(incoming) = &incoming {
            incoming.adopt(&span);
        }
        let traceparent = incoming.map(|incoming| incoming.traceparent());
        if let Some(id) = span.in_scope(trace::current_trace_id) {
            span.record("trace_id", id);
        }
        let deadline = began + time_for(asked_for(request.headers()));
        let authorization = request.headers().get(AUTHORIZATION).cloned();
        let scope = Arc::new(Scope { deadline, traceparent, authorization, for_caller: false });
        let service = self.parts.service;
        let work = async move {
            let mut answer = match self.admit(request, peer).await {
                Ok(answer) => answer,
                Err(status) => status.into_http(),
            };
            answer::hide_causes(answer.headers_mut());
            answer::tell(&answer, method, service, began);
            answer
        };
        CURRENT.scope(scope, work).instrument(span).await
    }

    fn origin(&self) -> Origin {
        Origin { contract: self.contract, service: self.parts.service }
    }

    /// Never a value of the metadata: only what the path and the peer say.
    fn span(&self, method: Option<&MethodRule>, peer: Option<&Peer>) -> tracing::Span {
        let method = method.map_or("unknown", |rule| rule.full_name.as_str());
        tracing::info_span!(
            parent: None,
            "call",
            otel.name = method,
            otel.kind = "server",
            otel.status_code = tracing::field::Empty,
            rpc.system = "grpc",
            rpc.response.status_code = tracing::field::Empty,
            method,
            service = self.parts.service,
            peer = peer.map_or("none", Peer::name),
            trace_id = tracing::field::Empty,
        )
    }

    async fn admit(self: &Arc<Self>, request: Request<Body>, peer: Option<Peer>) -> Result<Response<Body>, Status> {
        let Some(peer) = peer else {
            return Err(Refusal::unauthenticated("NO_PEER", "this service answers known services only; call the gateway").into());
        };
        let path = request.uri().path();
        if is_infrastructure(path) && peer.standing() == Standing::House {
            return self.run(request).await;
        }
        let Some(rule) = self.contract.method(path) else {
            return Err(Status::unimplemented("there is no such method"));
        };
        let principal = match authorize::authorize(rule, &peer, request.headers(), &self.parts).await {
            Ok(principal) => principal,
            Err(denied) => {
                self.record(access::refused_before(rule, &denied, self.origin())).await?;
                return Err((*denied.refusal).into());
            }
        };
        self.call(request, Caller::new(rule, principal, &self.parts), rule).await
    }

    async fn call(
        self: &Arc<Self>,
        mut request: Request<Body>,
        caller: Caller,
        rule: &'static MethodRule,
    ) -> Result<Response<Body>, Status> {
        request.extensions_mut().insert(caller.clone());
        let own = match states::permit(&caller, self.parts.states.as_ref()).await {
            Ok(own) => own,
            Err(refusal) => {
                self.record(access::refused(&caller, caller.person().into_iter().collect(), refusal.reason, self.origin())).await?;
                return Err(refusal.into());
            }
        };
        // If the client goes away meanwhile, what was done is recorded all the same.
        let mut unrecorded = access::Unrecorded::new(self, &caller);
        let mut answer = own_access::scope(own, self.run(request)).await.unwrap_or_else(Status::into_http);
        if answer::is_ok(&answer) && access::must_name(rule) && !caller.named().was_said() {
            tracing::error!(alarm = "PERSON_NOT_NAMED", method = %rule.full_name, "an answer was withheld: its use case named nobody");
            answer = Status::from(Refusal::new(tonic::Code::Internal, "PERSON_NOT_NAMED", "the answer is withheld")).into_http();
        }
        let entries = access::entries(&caller, answer::refusal_in(&answer), self.origin(), &self.sessions);
        unrecorded.settle();
        self.record(entries).await?;
        match rule.server_streaming {
            true => Ok(answer.map(|inner| Body::new(body::Streamed::new(inner, Instant::now() + LONGEST_STREAM)))),
            false => Ok(answer),
        }
    }

    /// The service itself, within the deadline; a panic is an internal error of this one call.
    async fn run(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let deadline = CURRENT.with(|scope| scope.deadline);
        let work = AssertUnwindSafe(self.routes.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout_at(deadline, work).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => {
                tracing::error!(alarm = "PANIC", "a call panicked");
                Err(Status::internal("panic"))
            }
            Err(_) => Err(Status::deadline_exceeded("the call did not finish in the time that it had")),
        }
    }

    /// Durable when it returns, or the answer does not leave.
    async fn record(&self, entries: access::Entries) -> Result<(), Status> {
        access::record(&self.parts, &self.sessions, entries).await.map_err(Status::from)
    }
}

fn time_for(asked: Option<Duration>) -> Duration {
    asked.unwrap_or(DEFAULT_DEADLINE).min(LONGEST)
}

/// Health and reflection say nothing about anybody and stand in no contract of ours.
fn is_infrastructure(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.v1.") || path.starts_with("/grpc.reflection.v1alpha.")
}
