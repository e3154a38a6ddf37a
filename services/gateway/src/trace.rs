//! The trace of a call: taken over from the caller or begun here (W3C Trace Context).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use foundation::{
    code_name,
    metrics::{Label, all::HTTP_REQUESTS},
    trace::{Incoming, TRACEPARENT, current_traceparent, inject, rename},
    with_trace_id,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use tonic::{Code, Status};
use tracing::{Span, field::Empty};
use uuid::Uuid;

pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// One call's place in its trace. It says nothing about the caller: neither address, query nor header is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    span: Span,
    traceparent: String,
    /// What came from outside, for where no tracing runs.
    given: Option<Incoming>,
    name: Arc<OnceLock<&'static str>>,
}

impl Trace {
    /// Of others' `tracestate` only the members with these keys go on.
    pub(crate) fn of(headers: &HeaderMap, known: &[String]) -> Self {
        let span = tracing::info_span!(
            "gateway",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = Empty,
            http.response.status_code = Empty,
            service = "gateway",
            trace_id = Empty,
            method = Empty,
        );
        let given = Incoming::keeping(headers, |key| known.iter().any(|known| known == key));
        if let Some(given) = &given {
            given.adopt(&span);
        }
        // Where no tracing runs there is no span to speak of; the caller's identifiers are then passed on as they are.
        let own = span.in_scope(current_traceparent).or_else(|| given.as_ref().map(Incoming::traceparent));
        let trace = Self { span, traceparent: own.unwrap_or_else(begin), given, name: Arc::default() };
        trace.span.record("trace_id", trace.id());
        trace
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// 32 hexadecimal digits: what a caller quotes to us.
    pub(crate) fn id(&self) -> &str {
        self.traceparent.split('-').nth(1).unwrap_or_default()
    }

    /// What answers: a method of the contract, or what of the gateway's own.
    pub(crate) fn name(&self, method: &'static str) {
        let method = *self.name.get_or_init(|| method);
        self.span.record("method", method);
        rename(&self.span, method);
    }

    /// Tells the services behind, and nobody else's word beside it.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if self.span.in_scope(|| inject(headers)) {
            return;
        }
        match (&self.given, HeaderValue::from_str(&self.traceparent)) {
            (Some(given), _) => given.write(headers),
            (None, Ok(value)) => drop(headers.insert(TRACEPARENT, value)),
            (None, Err(_)) => {}
        }
    }

    /// Tells the span and the metrics how it ended, and an error of gRPC its trace.
    pub(crate) fn end<B>(&self, verb: &Method, response: &mut Response<B>, took: Duration) {
        let (verb, status) = (verb_of(verb), response.status());
        let code = self.grpc(response.headers_mut());
        self.span.record("http.request.method", verb).record("http.response.status_code", status.as_u16());
        if status.is_server_error() || code.is_some_and(foundation::is_our_fault) {
            self.span.record("otel.status_code", "ERROR");
        }
        let name = self.name.get().copied().unwrap_or("none");
        let code = code.map_or(Label::NONE, |code| code_name(code).into());
        HTTP_REQUESTS.record(took, [verb.into(), status.as_u16().into(), name.into(), code]);
    }

    /// The status that gRPC says in its headers; an error carries the trace id from here on, if no service has written it there.
    fn grpc(&self, headers: &mut HeaderMap) -> Option<Code> {
        if !headers.contains_key(Status::GRPC_STATUS) {
            return None;
        }
        let status = Status::from_header_map(headers)?;
        if status.code() != Code::Ok {
            let bare = Status::with_details(status.code(), status.message(), status.details().to_vec().into());
            let told: Response<()> = with_trace_id(&bare, self.id()).into_http();
            if let Some(details) = told.headers().get(Status::GRPC_STATUS_DETAILS) {
                headers.insert(Status::GRPC_STATUS_DETAILS, details.clone());
            }
        }
        Some(status.code())
    }
}

/// A new trace, to be recorded.
fn begin() -> String {
    let (trace, span) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    format!("00-{trace}-{}-01", span.get(..16).unwrap_or(&span))
}

/// A verb of the standard; anybody can make up others.
fn verb_of(verb: &Method) -> &'static str {
    match verb.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use foundation::trace::{TRACESTATE, parse};
    use tonic_types::StatusExt;

    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn with(text: &'static str) -> Trace {
        Trace::of(&HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_static(text))]), &[])
    }

    #[test]
    fn a_valid_trace_is_taken_over() {
        assert_eq!(with(GIVEN).id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(with(GIVEN).traceparent, GIVEN);
    }

    #[test]
    fn anything_else_begins_a_new_one() {
        for text in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let trace = with(text);
            assert_eq!(trace.id().len(), 32, "{text}");
            assert_ne!(trace.id(), "0af7651916cd43dd8448eb211c80319c", "{text}");
            assert!(parse(&trace.traceparent).is_some(), "{text}");
        }
    }

    #[test]
    fn of_a_state_from_outside_only_what_is_known_goes_on() {
        let given = [(TRACEPARENT, HeaderValue::from_static(GIVEN)), (TRACESTATE, HeaderValue::from_static("who=aigul,known=1"))];
        let written = |known: &[String]| {
            let mut headers = HeaderMap::new();
            Trace::of(&HeaderMap::from_iter(given.clone()), known).write(&mut headers);
            headers
        };
        assert!(!written(&[]).contains_key(TRACESTATE));
        let headers = written(&["known".to_owned()]);
        assert_eq!((&headers[TRACESTATE], &headers[TRACEPARENT]), (&HeaderValue::from_static("known=1"), &HeaderValue::from_static(GIVEN)));
    }

    #[test]
    fn an_error_of_grpc_carries_its_trace() {
        let trace = with(GIVEN);
        let mut response: Response<()> = Status::not_found("nothing is here").into_http();
        trace.end(&Method::POST, &mut response, Duration::ZERO);
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "nothing is here"));
        assert_eq!(status.get_details_error_info().unwrap().metadata["trace_id"], trace.id());
    }
}
