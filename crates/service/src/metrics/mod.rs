//! Metrics of this process: sent by OTLP to the collector of the traces, and shown to a scraper. What is measured is declared in
//! `foundation::metrics::all`.

mod listener;
mod sample;
mod scrape;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
};

pub use listener::{Listening, MetricsError, listen};
pub(crate) use sample::watch;

use crate::settings::Telemetry;

/// Between two sendings to the collector.
const SEND_EVERY: Duration = Duration::from_secs(15);

/// Begins to measure when there is somebody to tell: a collector, or a listener for a scraper.
pub(crate) fn provider(telemetry: &Telemetry, exporter: Option<MetricExporter>, resource: Resource) -> Option<SdkMeterProvider> {
    if exporter.is_none() && telemetry.metrics_listen.is_none() {
        return None;
    }
    let mut builder = SdkMeterProvider::builder().with_resource(resource);
    if let Some(exporter) = exporter {
        builder = builder.with_reader(PeriodicReader::builder(exporter).with_interval(SEND_EVERY).build());
    }
    if telemetry.metrics_listen.is_some() {
        builder = builder.with_reader(scrape::reader());
    }
    let provider = builder.build();
    foundation::metrics::install(&provider.meter("kolsai"));
    Some(provider)
}
