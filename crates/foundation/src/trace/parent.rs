//! `traceparent`.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// `00-<32>-<16>-<2>`: what every version begins with.
const LENGTH: usize = 55;
/// Sampled, and (level 2) that the trace id is random. Flags that nobody has defined yet are not ours to pass on.
const KNOWN_FLAGS: u8 = 0b11;

/// Reads a `traceparent`; none when it is not valid. A later version may say more after a further dash.
pub fn parse(text: &str) -> Option<SpanContext> {
    let text = text.trim_matches([' ', '\t']);
    let (known, more) = text.split_at_checked(LENGTH)?;
    let mut parts = known.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
    // The numbers' own readers also take signs and capitals, which a traceparent has not.
    let digits = known.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let ends = match version {
        "ff" => false,
        "00" => more.is_empty(),
        _ => more.is_empty() || more.starts_with('-'),
    };
    if !lengths || !digits || !ends || parts.next().is_some() {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & KNOWN_FLAGS);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

/// Version 00, whatever came.
pub(super) fn text(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8() & KNOWN_FLAGS)
}
