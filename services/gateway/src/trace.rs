//! The trace of a call: taken over from the caller or begun here (W3C Trace Context, level 1).

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// One call's place in its trace. It says nothing about the caller: neither address, query nor header is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    span: Span,
    context: SpanContext,
}

impl Trace {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let span = tracing::info_span!("gateway", otel.kind = "server", trace_id = tracing::field::Empty, method = tracing::field::Empty);
        let given = headers.get(TRACEPARENT).and_then(|value| parse(value.to_str().ok()?));
        if let Some(given) = &given {
            // Without an exporter there is no span to attach; the caller's identifiers are then passed on as they are.
            let _ = span.set_parent(Context::new().with_remote_span_context(given.clone()));
        }
        let own = span.context().span().span_context().clone();
        let context = if own.is_valid() { own } else { given.unwrap_or_else(begin) };
        span.record("trace_id", context.trace_id().to_string());
        Self { span, context }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// 32 hexadecimal digits: what a caller quotes to us.
    pub(crate) fn id(&self) -> String {
        self.context.trace_id().to_string()
    }

    pub(crate) fn name(&self, method: &str) {
        self.span.record("method", method);
    }

    /// What the services behind are told.
    pub(crate) fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.context.trace_id(), self.context.span_id(), self.context.trace_flags().to_u8())
    }

    /// Tells the services behind, and nobody else's word beside it.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.traceparent()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

fn begin() -> SpanContext {
    let random = Uuid::new_v4().into_bytes();
    let [a, b, c, d, e, f, g, h, ..] = Uuid::new_v4().into_bytes();
    let span = SpanId::from_bytes([a, b, c, d, e, f, g, h]);
    SpanContext::new(TraceId::from_bytes(random), span, TraceFlags::SAMPLED, false, TraceState::default())
}

/// Strict about version 00; a later version may carry more fields behind, which are ignored.
fn parse(text: &str) -> Option<SpanContext> {
    let mut fields = text.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let hex = |field: &str, length: usize| field.len() == length && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    if !well_formed || version == "ff" || (version == "00" && fields.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn with(text: &'static str) -> Trace {
        Trace::of(&HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_static(text))]))
    }

    #[test]
    fn a_valid_trace_is_taken_over() {
        assert_eq!(with(GIVEN).id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(with(GIVEN).traceparent(), GIVEN);
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
            assert!(parse(&trace.traceparent()).is_some(), "{text}");
        }
    }
}
