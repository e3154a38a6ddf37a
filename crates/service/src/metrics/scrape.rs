//! The one reader that a scrape asks: it collects when it is asked, and not before.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{InstrumentKind, ManualReader, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader},
};

use super::text;

static READER: OnceLock<Arc<ManualReader>> = OnceLock::new();

/// The reader of this process, for its provider.
pub(super) fn reader() -> Shared {
    Shared(READER.get_or_init(Arc::default).clone())
}

/// Everything as it is now, in Prometheus' text format; none while nothing is measured.
pub(super) fn now() -> Option<String> {
    let mut all = ResourceMetrics::default();
    READER.get()?.collect(&mut all).ok()?;
    Some(text::written(&all))
}

/// The provider owns its readers; this one is asked from outside too.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<ManualReader>);

impl MetricReader for Shared {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, into: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(into)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
pub(super) fn tests_reader(reader: ManualReader) -> Shared {
    Shared(Arc::new(reader))
}
