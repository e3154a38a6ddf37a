//! How a refusal looks in JSON, and what its HTTP status is (`google.rpc.Code`).

use std::time::Duration;

use foundation::{DOMAIN, Refusal, code_name};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Map, Value, json};
use tonic::{Code, Status, body::Body};
use tonic_types::{ErrorDetails, StatusExt};

use super::fault::Fault;
use crate::cors;

/// What "try again in a moment" means.
pub(crate) const SHORT_WAIT: Duration = Duration::from_secs(1);

/// A refusal on its way to a JSON caller. Nothing in it was written by the caller.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    http: StatusCode,
    code: Code,
    message: String,
    reason: Box<str>,
    domain: Box<str>,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    allow: Option<Box<str>>,
}

impl Problem {
    pub(crate) fn new(http: StatusCode, code: Code, reason: &str, message: impl Into<String>) -> Self {
        let (reason, domain) = (reason.into(), DOMAIN.into());
        Self { http, code, message: message.into(), reason, domain, faults: Vec::new(), retry_after: None, allow: None }
    }

    pub(crate) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, "NO_SUCH_ROUTE", "nothing is served under this path")
    }

    pub(crate) fn wrong_verb(verbs: &[Method]) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::Unimplemented,
            "WRONG_VERB",
            "this path has other verbs; see the header `Allow`",
        );
        Self { allow: Some(cors::join(verbs).into()), ..problem }
    }

    pub(crate) fn headers_too_large() -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Code::InvalidArgument,
            "HEADERS_TOO_LARGE",
            "the headers are larger than may be sent here",
        )
    }

    pub(crate) fn needs_http2() -> Self {
        Self::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Code::InvalidArgument,
            "NEEDS_HTTP2",
            "gRPC runs over HTTP/2; use gRPC-Web or JSON over HTTP/1.1",
        )
    }

    pub(crate) fn body_too_large(most: usize) -> Self {
        let message = format!("the body may hold at most {most} bytes here");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument, "BODY_TOO_LARGE", message)
    }

    pub(crate) fn wrong_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, "WRONG_MEDIA_TYPE", "send the body as `application/json`")
    }

    /// The body broke off or is not what its headers say.
    pub(crate) fn bad_body(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, "BAD_BODY", message)
    }

    /// Parts of the request that its type does not allow.
    pub(crate) fn of_faults(faults: Vec<Fault>) -> Self {
        let problem = Self::new(
            StatusCode::BAD_REQUEST,
            Code::InvalidArgument,
            "BAD_REQUEST",
            "the request has fields that cannot be read; see `field_violations`",
        );
        Self { faults, ..problem }
    }

    /// The refusal's name, which programs read.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// The refusal in words, in English.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// How long to wait. Whoever says "not now" says when, even when the service behind did not.
    fn wait(&self) -> Option<Duration> {
        let not_now = matches!(self.http, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after.or_else(|| not_now.then_some(SHORT_WAIT))
    }

    /// The object under `error`.
    pub(crate) fn to_json(&self, trace_id: &str) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.http.as_u16().into());
        error.insert("status".into(), code_name(self.code).into());
        error.insert("message".into(), self.message.clone().into());
        error.insert("reason".into(), self.reason.to_string().into());
        error.insert("domain".into(), self.domain.to_string().into());
        let faults = self.faults.iter().map(|fault| json!({ "field": fault.field, "description": fault.description }));
        error.insert("field_violations".into(), faults.collect());
        if let Some(after) = self.wait() {
            error.insert("retry_after_seconds".into(), seconds(after).into());
        }
        error.retain(|_, value| {
            !matches!(value, Value::String(text) if text.is_empty()) && !matches!(value, Value::Array(list) if list.is_empty())
        });
        error.insert("trace_id".into(), trace_id.into());
        json!({ "error": error })
    }

    pub(crate) fn into_response(self, trace_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::new(Full::from(self.to_json(trace_id).to_string())));
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(after) = self.wait() {
            headers.insert(header::RETRY_AFTER, seconds(after).into());
        }
        if self.http == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(allow) = self.allow.and_then(|verbs| HeaderValue::from_str(&verbs).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

/// Rounded up: waiting less would be in vain.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let (reason, domain) = details.error_info().map_or(("", ""), |info| (&info.reason, &info.domain));
        let message = match status.code() {
            // What a library wrote about a failure of ours is for the log, unless it carries our own reason.
            Code::Internal | Code::Unknown | Code::DataLoss if reason.is_empty() => {
                "something went wrong on our side; quote the trace id when you ask about it"
            }
            _ => status.message(),
        };
        let faults = details.bad_request().map(|bad| &bad.field_violations[..]).unwrap_or_default();
        Self {
            http: http_status(status.code()),
            code: status.code(),
            message: message.to_owned(),
            reason: reason.into(),
            domain: domain.into(),
            faults: faults.iter().map(|violation| Fault::new(&violation.field, &violation.description)).collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            allow: None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Status::from(refusal).into()
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let mut details = ErrorDetails::with_error_info(problem.reason, problem.domain, std::collections::HashMap::new());
        for fault in problem.faults {
            details.add_bad_request_violation(fault.field, fault.description);
        }
        if problem.retry_after.is_some() {
            details.set_retry_info(problem.retry_after);
        }
        Status::with_error_details(problem.code, problem.message, details)
    }
}

/// The HTTP mapping that `google/rpc/code.proto` gives.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // 499, "client closed request": no name in the registry of HTTP.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_reason_field_and_delay() {
        let refusal = Refusal {
            retry_after: Some(Duration::from_millis(1_200)),
            ..Refusal::invalid("TOO_SHORT", "password", "12 characters at least")
        };
        let json = Problem::from(refusal).to_json("0af7");
        let expected = json!({ "error": {
            "code": 400, "status": "INVALID_ARGUMENT", "message": "12 characters at least", "reason": "TOO_SHORT", "domain": "kolsai",
            "field_violations": [{ "field": "password", "description": "12 characters at least" }], "retry_after_seconds": 2, "trace_id": "0af7"
        }});
        assert_eq!(json, expected);
    }

    #[test]
    fn whoever_is_told_not_now_is_told_when() {
        for (status, wait) in [
            (Status::unavailable("connect"), Some("1")),
            (Status::resource_exhausted("full"), Some("1")),
            (Refusal::exhausted("FULL", "full", Duration::from_secs(7)).into(), Some("7")),
            (Status::not_found(""), None),
        ] {
            let response = Problem::from(status).into_response("0af7");
            assert_eq!(response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap()), wait);
        }
    }

    #[test]
    fn what_a_library_says_of_our_failures_is_not_shown() {
        let json = Problem::from(Status::unknown("connection to 10.0.0.7 refused")).to_json("0af7");
        assert!(!json.to_string().contains("10.0.0.7"));
    }
}
