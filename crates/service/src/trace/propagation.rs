//! W3C Trace Context (`traceparent`), in headers of calls and as text in rows and events.

use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::call::scope;

const TRACEPARENT: &str = "traceparent";

/// `00-<trace>-<span>-<flags>` of the current span; where no tracing runs, what the current call came with.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    if span.is_valid() {
        return Some(format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()));
    }
    scope::current().and_then(|scope| scope.traceparent.clone())
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

/// Writes the current `traceparent` over any that is there.
pub fn inject(headers: &mut HeaderMap) {
    headers.remove(TRACEPARENT);
    if let Some(value) = current_traceparent().and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(TRACEPARENT, value);
    }
}

/// Makes a span that was not entered yet a child of another process's or an earlier span.
pub fn parent_of(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // Fails only where no tracing runs, and then there is nothing to link.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// A span for work that an earlier call or event caused.
pub fn span_from(name: &'static str, traceparent: Option<&str>) -> Span {
    let span = tracing::info_span!(parent: None, "work", otel.name = name);
    parent_of(&span, traceparent);
    span
}

fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version != "00" || parts.next().is_some() || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_trace_contexts_are_taken() {
        assert!(parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is_some());
        for wrong in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-xyz-00f067aa0ba902b7-01",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
