//! Traces and logs: a console for people, JSON for machines, OTLP when an address is configured.

mod propagation;

use std::{io::IsTerminal, time::Duration};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithTonicConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

pub use propagation::{current_trace_id, current_traceparent, extract, inject, parent_of, span_from};

use crate::settings::{LogFormat, Telemetry};

/// How long the last spans may take to leave.
const FLUSH: Duration = Duration::from_secs(5);

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
    #[error("the trace exporter could not be made")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("tracing was started before in this process")]
    Started(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps the exporter alive. Call [`Guard::shutdown`] last, so that the last spans leave.
#[must_use]
pub struct Guard {
    provider: SdkTracerProvider,
}

impl Guard {
    /// Sends what is still buffered. Runs off the async workers: the exporter waits for them.
    pub async fn shutdown(self) {
        let provider = self.provider;
        let done = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
        if !matches!(done, Ok(Ok(()))) {
            tracing::warn!("the last spans may be lost: the trace exporter did not finish in time");
        }
    }
}

/// Starts logs and traces of this process, once. Call it inside the runtime: the exporter's channel lives there.
pub fn init(telemetry: &Telemetry) -> Result<Guard, TraceError> {
    let mut provider = SdkTracerProvider::builder().with_resource(Resource::builder_empty().with_service_name("kolsai").build());
    if let Some(endpoint) = &telemetry.otlp_endpoint {
        provider = provider.with_batch_exporter(exporter(endpoint, telemetry)?);
    }
    // Without an exporter the provider still gives every call its trace id.
    let provider = provider.build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("kolsai")).with_location(false).with_threads(false);
    let console: Box<dyn Layer<_> + Send + Sync> = match telemetry.log_format {
        LogFormat::Human => tracing_subscriber::fmt::layer().with_target(true).with_ansi(std::io::stdout().is_terminal()).boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).boxed(),
    };
    Registry::default().with(EnvFilter::try_new(&telemetry.log_filter)?).with(spans).with(console).try_init()?;
    Ok(Guard { provider })
}

/// The exporter's channel is lazy: a collector that is away delays nobody.
fn exporter(endpoint: &str, telemetry: &Telemetry) -> Result<SpanExporter, TraceError> {
    let mut channel = Endpoint::from_shared(endpoint.to_owned()).map_err(|_| TraceError::Endpoint)?;
    channel = channel.connect_timeout(FLUSH).timeout(FLUSH);
    match channel.uri().scheme_str() {
        Some("https") => {
            let path = telemetry.otlp_authority.as_ref().ok_or(TraceError::NoAuthority)?;
            let authority = Certificate::from_pem(std::fs::read(path).map_err(TraceError::Authority)?);
            let tls = ClientTlsConfig::new().ca_certificate(authority);
            channel = channel.tls_config(tls).map_err(|_| TraceError::Endpoint)?;
        }
        Some("http") => {}
        _ => return Err(TraceError::Endpoint),
    }
    Ok(SpanExporter::builder().with_tonic().with_channel(channel.connect_lazy()).build()?)
}
