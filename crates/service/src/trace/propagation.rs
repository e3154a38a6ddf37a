//! W3C Trace Context (`traceparent`) in the headers of calls; foundation has it as text.

pub use foundation::trace::parent_of;
use foundation::trace::parse;
use http::{HeaderMap, HeaderValue};
use tracing::Span;

use crate::call::scope;

const TRACEPARENT: &str = "traceparent";

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
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    parse(text).map(|_| text.to_owned())
}

/// Writes the current `traceparent` over any that is there; outside of any trace, the one that is there stays.
pub fn inject(headers: &mut HeaderMap) {
    if let Some(value) = current_traceparent().and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(TRACEPARENT, value);
    }
}

/// A span for work that an earlier call or event caused.
pub fn span_from(name: &'static str, traceparent: Option<&str>) -> Span {
    let span = tracing::info_span!(parent: None, "work", otel.name = name);
    parent_of(&span, traceparent);
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_trace_contexts_are_taken() {
        let read = |text: &str| {
            extract(&HeaderMap::from_iter([(http::HeaderName::from_static(TRACEPARENT), HeaderValue::try_from(text).unwrap())]))
        };
        assert!(read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is_some());
        for wrong in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-xyz-00f067aa0ba902b7-01",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
