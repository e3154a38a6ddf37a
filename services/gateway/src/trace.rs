//! The trace of a call: taken over from the caller or begun here (W3C Trace Context, level 1).

use foundation::trace::{current_traceparent, parent_of, parse};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;
use uuid::Uuid;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// One call's place in its trace. It says nothing about the caller: neither address, query nor header is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    span: Span,
    traceparent: String,
}

impl Trace {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let span = tracing::info_span!("gateway", otel.kind = "server", trace_id = tracing::field::Empty, method = tracing::field::Empty);
        let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).filter(|text| is_valid(text));
        parent_of(&span, given);
        // Where no tracing runs there is no span to speak of; the caller's identifiers are then passed on as they are.
        let own = span.in_scope(current_traceparent).or_else(|| given.map(str::to_owned));
        let trace = Self { span, traceparent: own.unwrap_or_else(begin) };
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

    pub(crate) fn name(&self, method: &str) {
        self.span.record("method", method);
    }

    /// Tells the services behind, and nobody else's word beside it.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.traceparent) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// A new trace, to be recorded.
fn begin() -> String {
    let (trace, span) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    format!("00-{trace}-{}-01", span.get(..16).unwrap_or(&span))
}

/// Version 00 in lower case, as the standard writes it: what is passed on must be readable to everybody.
fn is_valid(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')) && parse(text).is_some()
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
            assert!(is_valid(&trace.traceparent), "{text}");
        }
    }
}
