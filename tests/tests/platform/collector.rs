//! A collector of traces that keeps what it is told (OTLP over gRPC), so that it can be asked who had part in a trace.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig},
};

/// One span, as far as anybody asks here.
#[derive(Clone, Debug)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// `service.name`.
    pub service: String,
    /// `service.instance.id`: which process.
    pub instance: String,
    pub name: String,
}

/// Clones keep the same spans.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    pub fn prepare() -> Result<Self> {
        Ok(Self::default())
    }

    /// Listens on a free port with the certificate in the folder; the endpoint to send to.
    pub async fn serve(&self, certificate: &Path) -> Result<String> {
        let read = |name: &str| std::fs::read(certificate.join(name)).with_context(|| format!("{name} of the collector"));
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(read("tls.crt")?, read("tls.key")?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = Server::builder().tls_config(tls)?.add_service(TraceServiceServer::new(self.clone()));
        tokio::spawn(async move {
            if let Err(error) = server.serve_with_incoming(TcpListenerStream::new(listener)).await {
                println!("the collector ended: {error}");
            }
        });
        Ok(format!("https://localhost:{port}"))
    }

    pub fn of_trace(&self, trace: &str) -> Vec<Span> {
        self.spans().iter().filter(|span| span.trace == trace).cloned().collect()
    }

    /// How many spans each process of a service has told, the most busy first.
    pub fn instances(&self, service: &str) -> Vec<(String, usize)> {
        let spans = self.spans();
        let own: Vec<&Span> = spans.iter().filter(|span| span.service == service).collect();
        let names: BTreeSet<&str> = own.iter().map(|span| span.instance.as_str()).collect();
        let mut counted: Vec<_> =
            names.iter().map(|name| ((*name).to_owned(), own.iter().filter(|span| span.instance == *name).count())).collect();
        counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counted
    }

    /// Begins to count anew.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for group in request.into_inner().resource_spans {
            let attributes = group.resource.map(|resource| resource.attributes).unwrap_or_default();
            let process = text(&attributes, "service.name");
            let instance = text(&attributes, "service.instance.id");
            for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                // A process that hosts two services says of a call whose it was.
                let own = text(&span.attributes, "service");
                let own = if own.is_empty() { process.split('+').next().unwrap_or_default().to_owned() } else { own };
                kept.push(Span {
                    trace: span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect(),
                    service: own,
                    instance: instance.clone(),
                    name: span.name,
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone()?.value);
    match found {
        Some(Value::StringValue(text)) => text,
        _ => String::new(),
    }
}
