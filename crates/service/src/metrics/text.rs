//! Prometheus' text exposition format, version 0.0.4.

use std::fmt::{Display, Write};

use foundation::metrics::names::{family, plain};
use opentelemetry::KeyValue;
use opentelemetry_sdk::{
    Resource,
    metrics::data::{AggregatedMetrics, Histogram, Metric, MetricData, ResourceMetrics},
};

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every metric, with `target_info` for what the resource says of the process.
pub(super) fn written(all: &ResourceMetrics) -> String {
    let mut text = String::with_capacity(16 * 1024);
    of_resource(&mut text, all.resource());
    for metric in all.scope_metrics().flat_map(|scope| scope.metrics()) {
        match metric.data() {
            AggregatedMetrics::F64(data) => of_data(&mut text, metric, data),
            AggregatedMetrics::I64(data) => of_data(&mut text, metric, data),
            AggregatedMetrics::U64(data) => of_data(&mut text, metric, data),
        }
    }
    text
}

fn of_resource(text: &mut String, resource: &Resource) {
    head(text, "target_info", "gauge", "What the process says of itself.");
    let labels = resource.iter().map(|(key, value)| (plain(key.as_str()), value.to_string()));
    sample(text, "target_info", labels, None, 1);
}

fn of_data<T: Copy + Display>(text: &mut String, metric: &Metric, data: &MetricData<T>) {
    match data {
        MetricData::Gauge(gauge) => {
            let name = begun(text, metric, "gauge", false);
            gauge.data_points().for_each(|point| sample(text, &name, labels(point.attributes()), None, point.value()));
        }
        MetricData::Sum(sum) => {
            let grows = sum.is_monotonic();
            let name = begun(text, metric, if grows { "counter" } else { "gauge" }, grows);
            sum.data_points().for_each(|point| sample(text, &name, labels(point.attributes()), None, point.value()));
        }
        MetricData::Histogram(histogram) => of_histogram(text, metric, histogram),
        // Nothing here is declared as one.
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn of_histogram<T: Copy + Display>(text: &mut String, metric: &Metric, histogram: &Histogram<T>) {
    let name = begun(text, metric, "histogram", false);
    let (bucket, sum, count) = (format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count"));
    for point in histogram.data_points() {
        let bounds = point.bounds().map(|bound| bound.to_string()).chain(std::iter::once("+Inf".to_owned()));
        let mut below = 0;
        for (bound, inside) in bounds.zip(point.bucket_counts()) {
            below += inside;
            sample(text, &bucket, labels(point.attributes()), Some(&bound), below);
        }
        sample(text, &sum, labels(point.attributes()), None, point.sum());
        sample(text, &count, labels(point.attributes()), None, point.count());
    }
}

/// The name of the family, after its head.
fn begun(text: &mut String, metric: &Metric, kind: &str, grows: bool) -> String {
    let name = family(metric.name(), metric.unit(), grows);
    head(text, &name, kind, metric.description());
    name
}

fn head(text: &mut String, name: &str, kind: &str, says: &str) {
    // Writing into a string does not fail.
    let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", says.replace('\\', "\\\\").replace('\n', "\\n"));
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> impl Iterator<Item = (String, String)> {
    attributes.map(|label| (plain(label.key.as_str()), label.value.to_string()))
}

fn sample(text: &mut String, name: &str, labels: impl Iterator<Item = (String, String)>, bound: Option<&str>, value: impl Display) {
    text.push_str(name);
    let mut before = '{';
    let mut labels: Vec<_> = labels.chain(bound.map(|bound| ("le".to_owned(), bound.to_owned()))).collect();
    // The SDK gives them as they came; the same line looks the same each time.
    labels.sort();
    for (key, value) in labels {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{before}{key}=\"{value}\"");
        before = ',';
    }
    if before == ',' {
        text.push('}');
    }
    let _ = writeln!(text, " {value}");
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider, reader::MetricReader};

    use super::*;
    use crate::metrics::scrape::tests_reader;

    #[test]
    fn each_kind_is_written_as_prometheus_reads_it() {
        let reader = tests_reader(ManualReader::default());
        let resource = Resource::builder_empty().with_service_name("a\"b\\c").build();
        let provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader.clone()).build();
        let meter = provider.meter("tests");
        meter
            .u64_counter("kolsai.alarms")
            .with_unit("{alarm}")
            .with_description("Alarms.")
            .build()
            .add(2, &[KeyValue::new("alarm", "DRIFT")]);
        meter.f64_gauge("kolsai.outbox.oldest.age").with_unit("s").build().record(1.5, &[]);
        meter.i64_up_down_counter("kolsai.hashing.passwords").build().add(3, &[]);
        let calls = meter.f64_histogram("rpc.server.call.duration").with_unit("s").with_boundaries(vec![0.5, 1.0]).build();
        [0.25, 0.75, 3.0].into_iter().for_each(|took| calls.record(took, &[KeyValue::new("rpc.method", "m")]));
        let mut all = ResourceMetrics::default();
        reader.collect(&mut all).unwrap();
        let text = written(&all);
        for line in [
            r#"target_info{service_name="a\"b\\c"} 1"#,
            "# HELP kolsai_alarms_total Alarms.",
            "# TYPE kolsai_alarms_total counter",
            r#"kolsai_alarms_total{alarm="DRIFT"} 2"#,
            "# TYPE kolsai_outbox_oldest_age_seconds gauge",
            "kolsai_outbox_oldest_age_seconds 1.5",
            "# TYPE kolsai_hashing_passwords gauge",
            "kolsai_hashing_passwords 3",
            "# TYPE rpc_server_call_duration_seconds histogram",
            r#"rpc_server_call_duration_seconds_bucket{le="0.5",rpc_method="m"} 1"#,
            r#"rpc_server_call_duration_seconds_bucket{le="1",rpc_method="m"} 2"#,
            r#"rpc_server_call_duration_seconds_bucket{le="+Inf",rpc_method="m"} 3"#,
            r#"rpc_server_call_duration_seconds_sum{rpc_method="m"} 4"#,
            r#"rpc_server_call_duration_seconds_count{rpc_method="m"} 3"#,
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is missing in\n{text}");
        }
    }
}
