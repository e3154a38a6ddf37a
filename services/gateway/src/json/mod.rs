//! JSON over HTTP, derived from the contract: a route finds its method, path, query and body become its request, and the answer
//! becomes JSON or a raw body.

mod answer;
mod body;
mod draft;
mod fault;
mod problem;
mod query;
mod routes;
mod template;

use std::net::IpAddr;

use contract::Who;
use http::{HeaderMap, Request, Response};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;

pub(crate) use body::whole;
pub(crate) use problem::{Problem, SHORT_WAIT};
pub(crate) use query::pairs;
pub(crate) use routes::Table;
pub use template::TemplateError;

use crate::{call::too_late, deadline, edge::Edge, headers, trace::Trace};
use routes::{Found, Route};
use template::Capture;

impl Edge {
    /// Answers a JSON request.
    pub(crate) async fn transcode(&self, request: Request<Body>, address: IpAddr, trace: &Trace) -> Result<Response<Body>, Problem> {
        let found = self.routes.find(request.method(), request.uri().path());
        let (route, captures) = match found {
            Found::Route(route, captures) => (route, captures),
            Found::OtherVerbs(verbs) => {
                self.admission.admit_stranger(address).await?;
                return Err(Problem::wrong_verb(&verbs));
            }
            Found::Nothing => {
                self.admission.admit_stranger(address).await?;
                return Err(Problem::no_route());
            }
        };
        trace.name(&route.rule.full_name);
        self.admission.admit(route.rule, address, request.headers()).await?;

        let ends = Instant::now() + deadline::of(request.headers(), self.config.deadline());
        let answered = self.answer_route(route, captures, request, trace, ends);
        timeout_at(ends, answered).await.map_err(|_| Problem::from(too_late()))?
    }

    async fn answer_route(
        &self,
        route: &Route,
        captures: Vec<Capture>,
        request: Request<Body>,
        trace: &Trace,
        ends: Instant,
    ) -> Result<Response<Body>, Problem> {
        let (parts, body) = request.into_parts();
        let most = self.config.max_body_of(&headers::media_type(&parts.headers));
        let bytes = body::read(&route.shape, &parts.headers, body, most).await?;
        let message = body::assemble(&route.shape, &captures, parts.uri.query(), &parts.headers, bytes)?;
        let metadata: HeaderMap = headers::metadata_of(&parts.headers, route.rule.who == Who::Partner);
        let left = ends.saturating_duration_since(Instant::now());
        let answer = self.caller.call(route.rule, &message, metadata, trace, left).await?;
        answer::respond(route, answer).await
    }
}

#[cfg(test)]
mod tests;
