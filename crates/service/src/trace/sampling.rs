//! Which traces are exported: what the caller decided, else a share by chance; and every one in which something failed.
//!
//! A trace that chance left out is recorded all the same and held back until the last of its spans in this process has ended. If one of
//! them failed, all of them leave, and so does what follows of that trace. What other processes held back of it they decide by what
//! failed there: an answer that is our fault is a failure at each process that it passes, up to the gateway.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample, Span, SpanData, SpanProcessor},
};

/// Traces that are held back at once; of further ones nothing is kept.
const MOST_TRACES: usize = 4_096;
/// Spans that are held back of one trace; the first ones.
const MOST_SPANS: usize = 512;
/// Failed traces that are remembered for what follows.
const MOST_FAILED: usize = 256;

/// Samples by the parent, and a share of what has none; records everything.
#[derive(Clone, Debug)]
pub(super) struct ByParent {
    share: Sampler,
}

impl ByParent {
    /// `share` is 0 to 1.
    pub(super) fn new(share: f64) -> Self {
        Self { share: Sampler::TraceIdRatioBased(share) }
    }
}

impl ShouldSample for ByParent {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(|context| context.span().span_context().clone()).filter(SpanContext::is_valid);
        let sampled = match &parent {
            Some(parent) => parent.is_sampled(),
            None => self.share.should_sample(None, trace, name, kind, attributes, links).decision == SamplingDecision::RecordAndSample,
        };
        SamplingResult {
            decision: if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::RecordOnly },
            attributes: Vec::new(),
            trace_state: parent.map(|parent| parent.trace_state().clone()).unwrap_or_default(),
        }
    }
}

/// Passes sampled spans on, and holds the others back until it is known whether something failed.
#[derive(Debug)]
pub(super) struct KeepFailed<P> {
    next: P,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    traces: HashMap<TraceId, Trace>,
    failed: VecDeque<TraceId>,
}

#[derive(Debug, Default)]
struct Trace {
    open: usize,
    failed: bool,
    spans: Vec<SpanData>,
}

impl<P> KeepFailed<P> {
    pub(super) fn new(next: P) -> Self {
        Self { next, held: Mutex::default() }
    }
}

impl Held {
    fn begin(&mut self, id: TraceId) {
        if self.traces.len() < MOST_TRACES || self.traces.contains_key(&id) {
            self.traces.entry(id).or_default().open += 1;
        }
    }

    /// What leaves now that this span has ended.
    fn end(&mut self, span: SpanData) -> Vec<SpanData> {
        let id = span.span_context.trace_id();
        let Some(trace) = self.traces.get_mut(&id) else { return Vec::new() };
        trace.open = trace.open.saturating_sub(1);
        trace.failed |= matches!(span.status, Status::Error { .. });
        if trace.spans.len() < MOST_SPANS {
            trace.spans.push(span);
        }
        if trace.open > 0 {
            return Vec::new();
        }
        let Some(trace) = self.traces.remove(&id) else { return Vec::new() };
        let known = self.failed.contains(&id);
        if trace.failed && !known {
            self.failed.push_back(id);
            if self.failed.len() > MOST_FAILED {
                self.failed.pop_front();
            }
        }
        if trace.failed || known { trace.spans } else { Vec::new() }
    }
}

impl<P: SpanProcessor> SpanProcessor for KeepFailed<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        if !span.span_context().is_sampled() {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).begin(span.span_context().trace_id());
        }
        self.next.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            return self.next.on_end(span);
        }
        let leaving = self.held.lock().unwrap_or_else(PoisonError::into_inner).end(span);
        for mut span in leaving {
            span.span_context = sampled(&span.span_context);
            self.next.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

fn sampled(context: &SpanContext) -> SpanContext {
    let flags = context.trace_flags().with_sampled(true);
    SpanContext::new(context.trace_id(), context.span_id(), flags, context.is_remote(), context.trace_state().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

    use super::*;

    /// Names of the spans that left.
    #[derive(Clone, Debug, Default)]
    struct Left(Arc<Mutex<Vec<String>>>);

    impl SpanProcessor for Left {
        fn on_start(&self, _: &mut Span, _: &Context) {}
        fn on_end(&self, span: SpanData) {
            assert!(span.span_context.is_sampled(), "an exporter would drop it");
            self.0.lock().unwrap().push(span.name.into_owned());
        }
        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    fn tracer(share: f64) -> (SdkTracer, Left) {
        let left = Left::default();
        let builder = SdkTracerProvider::builder().with_sampler(ByParent::new(share));
        let provider = builder.with_span_processor(KeepFailed::new(left.clone())).build();
        (provider.tracer("tests"), left)
    }

    fn call(tracer: &SdkTracer, parent: &Context, fails: bool) -> Context {
        let root = parent.with_span(tracer.start_with_context("call", parent));
        let mut statement = tracer.start_with_context("statement", &root);
        if fails {
            statement.set_status(Status::error(""));
        }
        statement.end();
        root.span().end();
        root
    }

    #[test]
    fn what_chance_left_out_leaves_only_when_it_failed() {
        let (tracer, left) = tracer(0.0);
        call(&tracer, &Context::new(), false);
        assert_eq!(left.0.lock().unwrap().len(), 0);
        let failed = call(&tracer, &Context::new(), true);
        assert_eq!(*left.0.lock().unwrap(), ["statement", "call"]);
        // A reaction to what that call announced, in the same trace: it is wanted too.
        let later = Context::new().with_remote_span_context(failed.span().span_context().clone());
        call(&tracer, &later, false);
        assert_eq!(left.0.lock().unwrap().len(), 4);
    }

    #[test]
    fn the_parent_decides_over_chance() {
        let (tracer, left) = tracer(0.0);
        let parent = foundation::trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        call(&tracer, &Context::new().with_remote_span_context(parent), false);
        assert_eq!(*left.0.lock().unwrap(), ["statement", "call"]);
        let (tracer, left) = super::tests::tracer(1.0);
        let parent = foundation::trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        call(&tracer, &Context::new().with_remote_span_context(parent), false);
        assert_eq!(left.0.lock().unwrap().len(), 0);
        call(&tracer, &Context::new(), false);
        assert_eq!(left.0.lock().unwrap().len(), 2);
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let (tracer, left) = tracer(0.0);
        let open: Vec<_> = (0..MOST_TRACES + 10).map(|_| tracer.start_with_context("open", &Context::new())).collect();
        let root = Context::new().with_span(tracer.start_with_context("one too many", &Context::new()));
        root.span().set_status(Status::error(""));
        root.span().end();
        assert_eq!(left.0.lock().unwrap().len(), 0, "nothing is kept of it, and nothing breaks");
        drop(open);
        call(&tracer, &Context::new(), true);
        assert_eq!(left.0.lock().unwrap().len(), 2);
    }
}
