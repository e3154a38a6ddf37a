//! What a process tells about itself: logs on the console (for people, or as JSON), traces and metrics by OTLP when a collector is
//! configured, metrics to be scraped when a listener is.
//!
//! One trace goes from the client through the gateway, each service, its statements, the outbox and the bus to the reactions of others.
//! A log filter changes what is on the console, and nothing else.

mod alarms;
mod export;
mod json;
mod propagation;
mod sampling;

use std::io::IsTerminal;

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tonic::transport::Channel;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use propagation::{Incoming, current_trace_id, current_traceparent, extract, inject, parent_of, span_from};

use crate::{
    metrics,
    settings::{LogFormat, Telemetry},
};

/// Spans that wait for their batch; more are dropped and counted by the exporter.
const QUEUE: usize = 4_096;
/// How long a span waits for its batch at most.
const BATCH_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// The libraries that send our traces, and those below them: what they say of themselves would be told by themselves.
const CARRIERS: [&str; 6] = ["opentelemetry", "tonic", "h2", "hyper", "hyper_util", "tower"];

/// Why tracing could not start.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("KOLSAI__TELEMETRY__LOG_FILTER is not understood: write directives such as `info,learning=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("KOLSAI__TELEMETRY__OTLP_ENDPOINT is not usable: write `https://host:4317`, and `http://` only on this machine")]
    Endpoint,
    #[error("an `https://` collector needs KOLSAI__TELEMETRY__OTLP_AUTHORITY: the PEM file of the authority that signed its certificate")]
    NoAuthority,
    #[error("the file named by KOLSAI__TELEMETRY__OTLP_AUTHORITY cannot be read")]
    Authority(#[source] std::io::Error),
    #[error("KOLSAI__TELEMETRY__SAMPLE_RATIO is a share of all traces: write a number from 0 to 1")]
    Ratio,
    #[error("the exporter could not be made")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("tracing was started before in this process")]
    Started(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps the exporters alive. Call [`Guard::shutdown`] last, so that the last spans leave.
#[must_use]
pub struct Guard {
    traces: SdkTracerProvider,
    metrics: Option<SdkMeterProvider>,
}

impl Guard {
    /// Sends what is still buffered. Runs off the async workers: the exporters wait for them.
    pub async fn shutdown(self) {
        let done = tokio::task::spawn_blocking(move || {
            let traces = self.traces.shutdown_with_timeout(export::PATIENCE);
            let metrics = self.metrics.map_or(Ok(()), |metrics| metrics.shutdown_with_timeout(export::PATIENCE));
            traces.is_ok() && metrics.is_ok()
        });
        if !matches!(done.await, Ok(true)) {
            tracing::warn!("the last spans and metrics may be lost: an exporter did not finish in time");
        }
    }
}

/// Starts logs, traces and metrics of a process that runs every service, once. Call it inside the runtime: the exporters' channel lives
/// there.
pub fn init(telemetry: &Telemetry) -> Result<Guard, TraceError> {
    init_for::<&str>(telemetry, &[])
}

/// The same for a process that runs these services; none stands for all of them.
pub fn init_for<S: AsRef<str>>(telemetry: &Telemetry, services: &[S]) -> Result<Guard, TraceError> {
    let (channel, resource) = (export::channel(telemetry)?, resource(services));
    let traces = traces(telemetry, channel.as_ref(), &resource)?;
    let metrics = metrics::provider(telemetry, channel.as_ref().map(export::metrics).transpose()?, resource);

    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("kolsai")).with_location(false).with_threads(false);
    let console: Box<dyn Layer<_> + Send + Sync> = match telemetry.log_format {
        LogFormat::Human => tracing_subscriber::fmt::layer().with_target(true).with_ansi(std::io::stdout().is_terminal()).boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer().json().event_format(json::Line::new()).boxed(),
    };
    Registry::default()
        .with(spans.with_filter(recorded(channel.is_some())))
        .with(console.with_filter(EnvFilter::try_new(&telemetry.log_filter)?))
        .with(alarms::Alarms.with_filter(LevelFilter::WARN))
        .try_init()?;
    Ok(Guard { traces, metrics })
}

/// Without a collector nothing is recorded, but every call has its trace id.
fn traces(telemetry: &Telemetry, channel: Option<&Channel>, resource: &Resource) -> Result<SdkTracerProvider, TraceError> {
    let builder = SdkTracerProvider::builder().with_resource(resource.clone());
    let Some(channel) = channel else { return Ok(builder.with_sampler(Sampler::AlwaysOff).build()) };
    let share = telemetry.sample_ratio.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&share) {
        return Err(TraceError::Ratio);
    }
    let batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(BATCH_EVERY).build();
    let batches = BatchSpanProcessor::builder(export::spans(channel)?).with_batch_config(batches).build();
    let kept = sampling::KeepFailed::new(batches);
    Ok(builder.with_sampler(sampling::ByParent::new(share)).with_span_processor(kept).build())
}

/// What becomes a span. Statements do only where somebody collects them.
fn recorded(collected: bool) -> Targets {
    let statements = if collected { LevelFilter::DEBUG } else { LevelFilter::OFF };
    let all = Targets::new().with_default(LevelFilter::INFO).with_target(personal_data::STATEMENTS, statements);
    all.with_targets(CARRIERS.map(|carrier| (carrier, LevelFilter::OFF)))
}

/// Who tells it, by OpenTelemetry's conventions.
fn resource<S: AsRef<str>>(services: &[S]) -> Resource {
    let names: Vec<&str> = services.iter().map(AsRef::as_ref).collect();
    let name = if names.is_empty() { "kolsai".to_owned() } else { names.join("+") };
    Resource::builder_empty()
        .with_service_name(name)
        .with_attributes([
            KeyValue::new("service.namespace", "kolsai"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            // Replicas of one service are told apart by it; a restart is another instance.
            KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()),
        ])
        .build()
}
