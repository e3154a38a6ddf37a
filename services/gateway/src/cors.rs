//! Which pages of other origins may call (the CORS protocol of the Fetch standard). No credentials but the bearer token.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tonic::body::Body;

/// What a page may send beside what every page may.
const ALLOWED_HEADERS: &str = "authorization, content-type, accept-language, idempotency-key, range, if-none-match, traceparent, grpc-timeout, x-grpc-web, x-user-agent";
/// What a page may read of the answer.
const EXPOSED_HEADERS: &str = "x-trace-id, retry-after, www-authenticate, content-disposition, content-range, etag, grpc-status, grpc-message, grpc-status-details-bin";
/// Seconds that a browser remembers a preflight.
const REMEMBERED: &str = "600";

pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    pub(crate) fn new(origins: &[String]) -> Self {
        Self { origins: origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect() }
    }

    /// The caller's origin, when its pages may call.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        headers.get(header::ORIGIN).filter(|origin| self.origins.contains(origin)).cloned()
    }

    /// Lets the page read the answer. Caches are told that it depends on the origin even when this one is not allowed.
    pub(crate) fn write(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }
}

/// Whether a browser asks before it calls.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight of an allowed origin: the verbs that the path has.
pub(crate) fn preflight(verbs: &[Method]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(verbs) = HeaderValue::from_str(&join(verbs)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, verbs);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
    response
}

/// `GET, POST`.
pub(crate) fn join(verbs: &[Method]) -> String {
    verbs.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
