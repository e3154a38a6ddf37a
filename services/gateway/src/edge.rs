//! Every request comes by here: preflights and probes, then gRPC, gRPC-Web or JSON by its content type.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use contract::Contract;
use foundation::Refusal;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};
use tonic::{Status, body::Body, service::Routes};
use tower::{Layer, ServiceExt, service_fn};
use tracing::Instrument;

use crate::{
    Config, InitError, Parts,
    admission::Admission,
    call::Caller,
    cors::{self, Cors},
    headers,
    json::{Problem, SHORT_WAIT, Table},
    limits::Limiter,
    pages,
    partner_page::Page,
    service::Readiness,
    trace::{TRACE_ID, Trace},
    uploads::Proxy,
};

/// How often idle addresses are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

pub(crate) struct Edge {
    pub(crate) contract: &'static Contract,
    pub(crate) config: Config,
    pub(crate) routes: Table,
    pub(crate) admission: Admission,
    pub(crate) caller: Caller,
    pub(crate) own: Routes,
    cors: Cors,
    readiness: Arc<dyn Readiness>,
    uploads: Option<Proxy>,
    partner_page: Option<Page>,
    slots: Arc<Semaphore>,
}

/// How a caller speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Grpc,
    GrpcWeb,
    Json,
}

impl Protocol {
    fn of(request: &Request<Body>) -> Self {
        match headers::media_type(request.headers()).as_str() {
            web if web.starts_with("application/grpc-web") => Self::GrpcWeb,
            grpc if grpc == "application/grpc" || grpc.starts_with("application/grpc+") => Self::Grpc,
            _ => Self::Json,
        }
    }
}

impl Edge {
    pub(crate) fn try_new(contract: &'static Contract, config: &Config, parts: Parts, own: Routes) -> Result<Self, InitError> {
        Ok(Self {
            contract,
            routes: Table::try_new(contract)?,
            admission: Admission::new(Limiter::new(&config.limits, parts.clock, parts.cache), parts.token_check),
            caller: Caller { transports: parts.transports },
            own,
            cors: Cors::new(&config.allowed_origins),
            readiness: parts.readiness,
            uploads: parts.objects.map(|target| Proxy::new(target, &config.uploads)),
            partner_page: parts.sandbox.map(|target| Page::new(target, config.deadline())),
            slots: Arc::new(Semaphore::new(config.limits.max_concurrent_calls)),
            config: config.clone(),
        })
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Body>, address: IpAddr) -> Response<Body> {
        let (began, verb) = (Instant::now(), request.method().clone());
        let trace = Trace::of(request.headers(), &self.config.tracestate_keys);
        let origin = self.cors.allowed(request.headers());
        let head = verb == Method::HEAD;
        let mut response = if cors::is_preflight(request.method(), request.headers()) {
            self.preflight(request.uri().path(), origin.is_some(), address, &trace).await
        } else {
            self.clone().dispatch(request, address, &trace).instrument(trace.span()).await
        };
        if head {
            response = without_body(response);
        }
        headers::secure(&mut response);
        let map = response.headers_mut();
        self.cors.write(map, origin);
        if let Ok(id) = HeaderValue::from_str(trace.id()) {
            map.insert(TRACE_ID, id);
        }
        trace.end(&verb, &mut response, began.elapsed());
        response
    }

    async fn dispatch(self: Arc<Self>, request: Request<Body>, address: IpAddr, trace: &Trace) -> Response<Body> {
        match request.uri().path() {
            "/healthz" => return text(StatusCode::OK, "ok\n"),
            "/readyz" => return self.ready().await,
            _ => {}
        }
        let protocol = Protocol::of(&request);
        if headers::size(request.headers()) > self.config.max_header_bytes {
            return refuse(protocol, Problem::headers_too_large(), trace);
        }
        if let Some(uploads) = self.uploads_of(request.uri().path()) {
            let answered = self.upload(uploads, request, address, trace).await;
            return answered.unwrap_or_else(|problem| problem.into_response(trace.id()));
        }
        let Ok(slot) = self.slots.clone().try_acquire_owned() else {
            return refuse(protocol, Refusal::unavailable("BUSY", "too many calls are under way; try again in a moment").into(), trace);
        };
        if let Some(page) = self.page_of(request.uri().path()) {
            let answered = self.show(page, request, address, trace).await;
            return answered.unwrap_or_else(|problem| problem.into_response(trace.id()));
        }
        if let Some(page) = pages::Page::at(request.uri().path()).filter(|_| protocol == Protocol::Json) {
            return self.show_page(page, request, address, trace).await;
        }
        let response = match protocol {
            Protocol::Grpc if request.version() != Version::HTTP_2 => refuse(Protocol::Json, Problem::needs_http2(), trace),
            Protocol::Grpc => self.pass(request, address, trace).await,
            Protocol::GrpcWeb => self.pass_web(request, address, trace).await,
            Protocol::Json => self.transcode(request, address, trace).await.unwrap_or_else(|problem| problem.into_response(trace.id())),
        };
        response.map(|body| held(body, slot))
    }

    fn uploads_of(&self, path: &str) -> Option<&Proxy> {
        self.uploads.as_ref().filter(|_| Proxy::is_under(path))
    }

    async fn upload(&self, uploads: &Proxy, request: Request<Body>, address: IpAddr, trace: &Trace) -> Result<Response<Body>, Problem> {
        match uploads.accept(request) {
            Ok(upload) => {
                trace.name("upload");
                self.admission.admit_passing(address, uploads.cost()).await?;
                uploads.pass(upload).await
            }
            Err(problem) => {
                self.admission.admit_stranger(address).await?;
                Err(problem)
            }
        }
    }

    fn page_of(&self, path: &str) -> Option<&Page> {
        self.partner_page.as_ref().filter(|_| Page::is_at(path))
    }

    async fn show(&self, page: &Page, request: Request<Body>, address: IpAddr, trace: &Trace) -> Result<Response<Body>, Problem> {
        trace.name("partner-page");
        self.admission.admit_passing(address, Page::COST).await?;
        page.show(request).await
    }

    /// gRPC-Web is gRPC with the trailers in the body.
    async fn pass_web(self: Arc<Self>, request: Request<Body>, address: IpAddr, trace: &Trace) -> Response<Body> {
        let trace = trace.clone();
        let inner = service_fn(move |request: Request<Body>| {
            let (edge, trace) = (self.clone(), trace.clone());
            async move { Ok::<_, Infallible>(edge.pass(request, address, &trace).await) }
        });
        let Ok(response) = tonic_web::GrpcWebLayer::new().layer(inner).oneshot(request).await;
        response
    }

    async fn preflight(&self, path: &str, allowed: bool, address: IpAddr, trace: &Trace) -> Response<Body> {
        if let Err(refusal) = self.admission.admit_stranger(address).await {
            return Problem::from(refusal).into_response(trace.id());
        }
        if !allowed {
            return Problem::from(Refusal::denied("ORIGIN", "pages of this origin may not call")).into_response(trace.id());
        }
        let mut verbs = self.routes.verbs(path);
        if verbs.is_empty() && self.contract.method(path).is_some_and(|rule| rule.is_public()) {
            verbs.push(Method::POST);
        }
        if self.uploads_of(path).is_some() {
            verbs = vec![Method::PUT];
        }
        if verbs.is_empty() { Problem::no_route().into_response(trace.id()) } else { cors::preflight(&verbs) }
    }

    async fn ready(&self) -> Response<Body> {
        match self.readiness.ready().await {
            Ok(()) => text(StatusCode::OK, "ready\n"),
            Err(names) => {
                let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", names.join(", ")));
                response.headers_mut().insert(header::RETRY_AFTER, SHORT_WAIT.as_secs().into());
                response
            }
        }
    }

    /// Never ends.
    pub(crate) async fn forget_idle_addresses(&self) {
        loop {
            sleep(HOUSEKEEPING).await;
            self.admission.forget_idle_addresses();
        }
    }
}

/// A refusal in the caller's own protocol.
fn refuse(protocol: Protocol, problem: Problem, trace: &Trace) -> Response<Body> {
    if protocol == Protocol::Json {
        return problem.into_response(trace.id());
    }
    let mut response = Status::from(problem).into_http();
    if protocol == Protocol::GrpcWeb {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc-web+proto"));
    }
    response
}

fn text(status: StatusCode, text: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(text.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The answer to HEAD: what GET would have said of its body, and no body.
fn without_body(response: Response<Body>) -> Response<Body> {
    let length = response.body().size_hint().exact();
    let mut response = response.map(|_| Body::empty());
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// A stream keeps its slot until it has been sent. An answer that is whole already needs nothing more of anybody, however slowly
/// it is taken.
fn held(body: Body, slot: OwnedSemaphorePermit) -> Body {
    if body.size_hint().exact().is_some() {
        return body;
    }
    Body::new(body.map_frame(move |frame| {
        let _held = &slot;
        frame
    }))
}
