//! OTLP over gRPC to a collector.

use std::time::Duration;

use opentelemetry_otlp::{MetricExporter, SpanExporter, WithTonicConfig};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::TraceError;
use crate::settings::Telemetry;

/// How long connecting, and sending one batch, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the collector, if one is configured. It is made when it is first used: a collector that is away delays nobody.
pub(super) fn channel(telemetry: &Telemetry) -> Result<Option<Channel>, TraceError> {
    let Some(endpoint) = &telemetry.otlp_endpoint else { return Ok(None) };
    let mut channel = Endpoint::from_shared(endpoint.clone()).map_err(|_| TraceError::Endpoint)?;
    channel = channel.connect_timeout(PATIENCE).timeout(PATIENCE);
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
    Ok(Some(channel.connect_lazy()))
}

pub(super) fn spans(channel: &Channel) -> Result<SpanExporter, TraceError> {
    Ok(SpanExporter::builder().with_tonic().with_channel(channel.clone()).build()?)
}

pub(super) fn metrics(channel: &Channel) -> Result<MetricExporter, TraceError> {
    Ok(MetricExporter::builder().with_tonic().with_channel(channel.clone()).build()?)
}
