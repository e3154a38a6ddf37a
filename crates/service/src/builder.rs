//! A service: what it is made of, on one screen.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use foundation::BoxError;
use http::Request;
use personal_data::{AccessLog, AccessRecorder, Holds};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    server::NamedService,
    service::{Routes, RoutesBuilder},
};

use crate::call::Ties;

pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Work that goes on in the background for as long as the service runs.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) name: &'static str,
    pub(crate) start: Arc<dyn Fn(CancellationToken) -> Work + Send + Sync>,
}

/// One service of the house, ready to be hosted.
#[must_use]
pub struct Service {
    pub(crate) name: &'static str,
    pub(crate) routes: RoutesBuilder,
    pub(crate) served: Vec<&'static str>,
    pub(crate) reactors: Vec<Arc<dyn events::Reactor>>,
    pub(crate) holds: Option<Holds>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) ties: Option<Arc<dyn Ties>>,
    pub(crate) recorder: Option<Arc<dyn AccessRecorder>>,
    pub(crate) log: Option<AccessLog>,
}

impl Service {
    /// `name` is how the contract and its peers call it: `identity`, `keyring`, …
    pub fn named(name: &'static str) -> Self {
        Self {
            name,
            routes: Routes::builder(),
            served: Vec::new(),
            reactors: Vec::new(),
            holds: None,
            workers: Vec::new(),
            ties: None,
            recorder: None,
            log: None,
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Serves one proto service of its package.
    pub fn serves<S>(mut self, server: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes.add_service(server);
        self.served.push(S::NAME);
        self
    }

    /// Reacts to an event.
    pub fn reacts(mut self, reactor: Arc<dyn events::Reactor>) -> Self {
        self.reactors.push(reactor);
        self
    }

    /// Reacts to several events.
    pub fn reacts_all(mut self, reactors: impl IntoIterator<Item = Arc<dyn events::Reactor>>) -> Self {
        self.reactors.extend(reactors);
        self
    }

    /// Holds personal data: `kolsai.holder.v1.Holder` is served over this map, with nothing more to write.
    pub fn holds(mut self, holds: Holds) -> Self {
        self.holds = Some(holds);
        self
    }

    /// Does something in the background. It is started anew when it fails or panics, and ends when its token is cancelled.
    pub fn works<F, W>(mut self, name: &'static str, work: F) -> Self
    where
        F: Fn(CancellationToken) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.workers.push(Worker { name, start: Arc::new(move |token| Box::pin(work(token))) });
        self
    }

    /// Answers whether staff are tied to a person. A service with a rule that demands a tie does not start without it.
    pub fn ties(mut self, ties: Arc<dyn Ties>) -> Self {
        self.ties = Some(ties);
        self
    }

    /// Records accesses in this log, and hands it over to privacy, instead of the log that the host makes by default.
    pub fn logs_with(mut self, log: AccessLog) -> Self {
        self.recorder = Some(Arc::new(log.clone()));
        self.log = Some(log);
        self
    }
}
