//! A log line as JSON, with the id of its trace at the top of it.

use std::fmt;

use opentelemetry::{Context, trace::TraceContextExt};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer, format},
    },
    registry::LookupSpan,
};

/// One object per line: `timestamp`, `level`, `target`, `message`, the fields, the current `span`, and `trace_id` and `span_id` of a
/// line that was written within a trace.
pub(super) struct Line(Format<Json>);

impl Line {
    pub(super) fn new() -> Self {
        Self(format().json().flatten_event(true).with_current_span(true).with_span_list(false))
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::with_capacity(512);
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let ids = Context::map_current(|current| {
            let span = current.span();
            let ids = span.span_context();
            ids.is_valid().then(|| (ids.trace_id(), ids.span_id()))
        });
        match (ids, line.trim_end().strip_suffix('}')) {
            (Some((trace, span)), Some(open)) => writeln!(writer, r#"{open},"trace_id":"{trace}","span_id":"{span}"}}"#),
            _ => writer.write_str(&line),
        }
    }
}
