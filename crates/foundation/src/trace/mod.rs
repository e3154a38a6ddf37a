//! W3C Trace Context, level 2 (and so level 1): as text in rows, events and headers.
//!
//! A `traceparent` that is not valid, or that stands there twice, restarts the trace, and a `tracestate` goes with it. What is not valid
//! in a `tracestate` makes all of it worthless, and leaves the trace as it is.

mod incoming;
mod parent;
mod state;

pub use incoming::{Incoming, TRACEPARENT, TRACESTATE};
pub use parent::parse;

use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// `00-<trace>-<span>-<flags>` of the current span, when tracing runs.
pub fn current_traceparent() -> Option<String> {
    current().map(|context| parent::text(&context))
}

/// Writes the current span into the headers of a call, over whatever is there; false where no tracing runs.
pub fn inject(headers: &mut HeaderMap) -> bool {
    let Some(context) = current() else { return false };
    write(&context, headers);
    true
}

/// Makes a span that was not entered yet a child of another process's or an earlier span.
pub fn parent_of(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        adopt(span, parent);
    }
}

/// Names a span that has begun already.
pub fn rename(span: &Span, name: &'static str) {
    span.context().span().update_name(name);
}

fn adopt(span: &Span, parent: SpanContext) {
    // Fails only where no tracing runs, and then there is nothing to link.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

fn write(context: &SpanContext, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::try_from(parent::text(context)) {
        headers.insert(TRACEPARENT, value);
    }
    let state = context.trace_state().header();
    match HeaderValue::try_from(state).ok().filter(|value| !value.is_empty()) {
        Some(value) => drop(headers.insert(TRACESTATE, value)),
        None => drop(headers.remove(TRACESTATE)),
    }
}

fn current() -> Option<SpanContext> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}
