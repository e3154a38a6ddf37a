//! W3C Trace Context in the headers of calls; foundation knows its rules.

pub use foundation::trace::{Incoming, parent_of};
use foundation::trace::{TRACEPARENT, parse};
use http::{HeaderMap, HeaderValue};
use tracing::Span;

use crate::call::scope;

/// `00-<trace>-<span>-<flags>` of the current span; where no tracing runs, what the current call came with.
pub fn current_traceparent() -> Option<String> {
    foundation::trace::current_traceparent().or_else(|| scope::current().and_then(|scope| scope.traceparent.clone()))
}

/// The trace id of the current span: 32 hex digits, the one thing to quote when asking about an error.
pub fn current_trace_id() -> Option<String> {
    let traceparent = current_traceparent()?;
    traceparent.split('-').nth(1).map(str::to_owned)
}

/// The `traceparent` of a call, if it is valid.
pub fn extract(headers: &HeaderMap) -> Option<String> {
    Incoming::of(headers).map(|incoming| incoming.traceparent())
}

/// Writes the current span over whatever is there; where no tracing runs, what the current call came with; outside of any trace, what is
/// there stays.
pub fn inject(headers: &mut HeaderMap) {
    if foundation::trace::inject(headers) {
        return;
    }
    let came_with = scope::current().and_then(|scope| scope.traceparent.clone()).filter(|text| parse(text).is_some());
    if let Some(value) = came_with.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(TRACEPARENT, value);
    }
}

/// A span for work that an earlier call or event caused.
pub fn span_from(name: &'static str, traceparent: Option<&str>) -> Span {
    let span = tracing::info_span!(parent: None, "work", otel.name = name);
    parent_of(&span, traceparent);
    span
}
