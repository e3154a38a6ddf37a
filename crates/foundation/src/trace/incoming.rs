//! What the headers of a request say of the trace that it belongs to.

use http::{HeaderMap, HeaderName};
use opentelemetry::trace::SpanContext;
use tracing::Span;

use super::{adopt, parent, state, write};

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A valid trace context of a caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming(SpanContext);

impl Incoming {
    /// From one of our own: everything is taken over.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::keeping(headers, |_| true)
    }

    /// From outside: of `tracestate` only the members whose key `keep` knows. The values are anybody's text, which could say anything
    /// about a person, and traces are kept; the standard lets a system leave out what it does not know.
    pub fn keeping(headers: &HeaderMap, keep: impl Fn(&str) -> bool) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let (parent, None) = (parents.next()?, parents.next()) else { return None };
        let parent = parent::parse(parent.to_str().ok()?)?;
        let states: Option<Vec<&str>> = headers.get_all(TRACESTATE).iter().map(|value| value.to_str().ok()).collect();
        let state = states.and_then(|states| state::read(states, keep)).unwrap_or_default();
        Some(Self(SpanContext::new(parent.trace_id(), parent.span_id(), parent.trace_flags(), true, state)))
    }

    /// Makes a span that was not entered yet a child of the caller's.
    pub fn adopt(&self, span: &Span) {
        adopt(span, self.0.clone());
    }

    /// `00-<trace>-<span>-<flags>`.
    pub fn traceparent(&self) -> String {
        parent::text(&self.0)
    }

    /// 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }

    /// Writes it as it came, for whoever comes next where no tracing runs.
    pub fn write(&self, headers: &mut HeaderMap) {
        write(&self.0, headers);
    }
}
