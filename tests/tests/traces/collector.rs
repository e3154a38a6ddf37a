//! A collector that keeps what it is sent, by OTLP over gRPC.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// Clones keep the same.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    spans: Vec<Span>,
    metrics: Vec<String>,
    /// Everything as it came, to be searched.
    bytes: Vec<u8>,
}

impl Collector {
    /// Listens on a free port of loopback; the endpoint to send to.
    pub async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server =
            Server::builder().add_service(TraceServiceServer::new(self.clone())).add_service(MetricsServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        format!("http://{address}")
    }

    /// The spans of a trace: 32 hexadecimal digits.
    pub fn of(&self, trace: &str) -> Vec<Span> {
        self.kept().spans.iter().filter(|span| hex::encode(&span.trace_id) == trace).cloned().collect()
    }

    pub fn metrics(&self) -> Vec<String> {
        self.kept().metrics.clone()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.kept().bytes.clone()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attribute that is a text.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone()?.value);
    if let Some(Value::StringValue(text)) = found { text } else { String::new() }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        let mut kept = self.kept();
        kept.bytes.extend(request.encode_to_vec());
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        kept.spans.extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(&self, request: Request<ExportMetricsServiceRequest>) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let request = request.into_inner();
        let mut kept = self.kept();
        kept.bytes.extend(request.encode_to_vec());
        let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        kept.metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
        Ok(Response::new(Default::default()))
    }
}
