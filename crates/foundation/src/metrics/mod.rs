//! Measures of the running process. Each is declared once, in [`mod@all`], with everything that may be said with it: a label is a word
//! out of our own code, so no value of anybody's can become one.
//!
//! Nothing is kept until [`install`] names a meter; until then a measurement costs one load.

pub mod alarms;
pub mod all;
mod label;
pub mod names;

use std::{sync::OnceLock, time::Duration};

use opentelemetry::{KeyValue, metrics::Meter};

pub use label::Label;
pub use names::{Kind, Named};

/// Bounds in seconds of what calls take (OpenTelemetry's semantic conventions for `rpc.server.call.duration`).
const CALL_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bounds in seconds of what statements take (the same for `db.client.operation.duration`).
const STATEMENT_BOUNDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Bounds in seconds of the way from a commit to its effect elsewhere.
const EFFECT_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0];

/// Everything that is measured, once there is somebody to tell. A second meter changes nothing.
pub fn install(meter: &Meter) {
    for measure in all::ALL {
        measure.install(meter);
    }
    alarms::begin();
}

/// Something that is measured.
pub trait Measure: Sync {
    fn named(&self) -> Named;
    fn install(&self, meter: &Meter);
}

/// What only grows.
pub struct Counter<const N: usize> {
    name: &'static str,
    unit: &'static str,
    says: &'static str,
    labels: [&'static str; N],
    instrument: OnceLock<opentelemetry::metrics::Counter<u64>>,
}

impl<const N: usize> Counter<N> {
    const fn new(name: &'static str, unit: &'static str, says: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, unit, says, labels, instrument: OnceLock::new() }
    }

    pub fn add(&self, count: u64, labels: [Label; N]) {
        if let Some(counter) = self.instrument.get() {
            counter.add(count, &labelled(self.labels, labels));
        }
    }
}

/// What is as it was seen last.
pub struct Gauge<const N: usize> {
    name: &'static str,
    unit: &'static str,
    says: &'static str,
    labels: [&'static str; N],
    instrument: OnceLock<opentelemetry::metrics::Gauge<f64>>,
}

impl<const N: usize> Gauge<N> {
    const fn new(name: &'static str, unit: &'static str, says: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, unit, says, labels, instrument: OnceLock::new() }
    }

    pub fn set(&self, value: f64, labels: [Label; N]) {
        if let Some(gauge) = self.instrument.get() {
            gauge.record(value, &labelled(self.labels, labels));
        }
    }

    /// As `set`, of things that are counted.
    #[allow(clippy::cast_precision_loss, reason = "a count above 2^53 is not told exactly")]
    pub fn count(&self, count: impl TryInto<u64>, labels: [Label; N]) {
        self.set(count.try_into().unwrap_or_default() as f64, labels);
    }
}

/// What goes up and down with what is under way.
pub struct Level<const N: usize> {
    name: &'static str,
    unit: &'static str,
    says: &'static str,
    labels: [&'static str; N],
    instrument: OnceLock<opentelemetry::metrics::UpDownCounter<i64>>,
}

impl<const N: usize> Level<N> {
    const fn new(name: &'static str, unit: &'static str, says: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, unit, says, labels, instrument: OnceLock::new() }
    }

    /// One more, until what is answered is dropped.
    pub fn enter(&'static self, labels: [Label; N]) -> Entered<N> {
        if let Some(level) = self.instrument.get() {
            level.add(1, &labelled(self.labels, labels));
        }
        Entered { level: self, labels, counted: self.instrument.get().is_some() }
    }
}

/// One of those that are under way.
#[must_use]
pub struct Entered<const N: usize> {
    level: &'static Level<N>,
    labels: [Label; N],
    counted: bool,
}

impl<const N: usize> Drop for Entered<N> {
    fn drop(&mut self) {
        if let Some(level) = self.level.instrument.get().filter(|_| self.counted) {
            level.add(-1, &labelled(self.level.labels, self.labels));
        }
    }
}

/// How long something took, in seconds.
pub struct Histogram<const N: usize> {
    name: &'static str,
    says: &'static str,
    labels: [&'static str; N],
    bounds: &'static [f64],
    instrument: OnceLock<opentelemetry::metrics::Histogram<f64>>,
}

impl<const N: usize> Histogram<N> {
    const fn new(name: &'static str, says: &'static str, bounds: &'static [f64], labels: [&'static str; N]) -> Self {
        Self { name, says, labels, bounds, instrument: OnceLock::new() }
    }

    pub fn record(&self, took: Duration, labels: [Label; N]) {
        if let Some(histogram) = self.instrument.get() {
            histogram.record(took.as_secs_f64(), &labelled(self.labels, labels));
        }
    }
}

/// A label without a value is left out.
fn labelled<const N: usize>(names: [&'static str; N], labels: [Label; N]) -> Vec<KeyValue> {
    names.into_iter().zip(labels).filter(|(_, label)| !label.is_empty()).map(|(name, label)| label.under(name)).collect()
}

macro_rules! measure {
    ($type:ident, $kind:expr, $unit:expr, $build:expr) => {
        impl<const N: usize> Measure for $type<N> {
            fn named(&self) -> Named {
                let unit: fn(&Self) -> &'static str = $unit;
                Named { name: self.name, kind: $kind, unit: unit(self), says: self.says, labels: self.labels.to_vec() }
            }

            fn install(&self, meter: &Meter) {
                let build: fn(&Self, &Meter) -> _ = $build;
                self.instrument.get_or_init(|| build(self, meter));
            }
        }
    };
}

measure!(Counter, Kind::Counter, |own| own.unit, |own, meter| {
    meter.u64_counter(own.name).with_unit(own.unit).with_description(own.says).build()
});
measure!(Gauge, Kind::Gauge, |own| own.unit, |own, meter| {
    meter.f64_gauge(own.name).with_unit(own.unit).with_description(own.says).build()
});
measure!(Level, Kind::Gauge, |own| own.unit, |own, meter| {
    meter.i64_up_down_counter(own.name).with_unit(own.unit).with_description(own.says).build()
});
measure!(Histogram, Kind::Histogram, |_| "s", |own, meter| {
    meter.f64_histogram(own.name).with_unit("s").with_description(own.says).with_boundaries(own.bounds.to_vec()).build()
});
