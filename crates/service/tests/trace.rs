//! Traces leave for the configured collector, under the caller's trace id, and without a value of anybody's.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::identity::v1::{
    ListSigningKeysRequest, ListSigningKeysResponse,
    signing_keys_client::SigningKeysClient,
    signing_keys_server::{SigningKeys, SigningKeysServer},
};
use kolsai_service::{
    Engines, Peers, Settings,
    settings::Environment,
    stack::{StackParts, around},
    trace,
};
use tonic::{Request, Response, Status, service::Routes};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

struct Failing;

#[tonic::async_trait]
impl SigningKeys for Failing {
    async fn list_signing_keys(&self, _: Request<ListSigningKeysRequest>) -> Result<Response<ListSigningKeysResponse>, Status> {
        assert_eq!(trace::current_trace_id().as_deref(), Some(TRACE));
        Err(Status::internal("the password of the database is hunter2"))
    }
}

/// Path and body of each message that came.
type Sent = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector that keeps what it is sent.
async fn collector() -> (String, Sent) {
    let sent = Sent::default();
    let keep = sent.clone();
    let routes = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let keep = keep.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            keep.lock().unwrap().push((path, body.to_vec()));
            // An empty answer message, well framed.
            let head = [("content-type", "application/grpc"), ("grpc-status", "0")];
            (head, axum::body::Bytes::from_static(&[0; 5]))
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let server = tonic::transport::Server::builder().add_routes(Routes::from(routes));
        server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)).await
    });
    (address, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_traced_without_its_values() {
    let (address, sent) = collector().await;
    let folder = tempfile::tempdir().unwrap();
    let pairs = [
        ("KOLSAI_DATA", folder.path().to_str().unwrap()),
        ("KOLSAI__TELEMETRY__OTLP_ENDPOINT", address.as_str()),
        ("KOLSAI__TELEMETRY__LOG_FORMAT", "json"),
    ];
    let environment = Environment::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let engines = Engines::open(Settings::load_from(&[], environment).unwrap()).await.unwrap();
    let tracing = trace::init(&engines.settings().telemetry).unwrap();

    let peers = Peers::in_process();
    let parts = StackParts {
        service: "identity",
        clock: engines.clock(),
        verifier: engines.verifier("identity"),
        recorder: None,
        ties: None,
        exceptions: None,
        states: None,
    };
    peers.register("identity", around(Routes::new(SigningKeysServer::new(Failing)), parts)).unwrap();
    let mut request = Request::new(ListSigningKeysRequest {});
    for (name, value) in [("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01").as_str()), ("authorization", "Bearer aigul@example.kz")]
    {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    let refused = SigningKeysClient::new(peers.transport("gateway", "identity")).list_signing_keys(request).await.unwrap_err();
    assert_eq!(refused.message(), "internal error; quote the trace id");

    tokio::time::timeout(Duration::from_secs(10), tracing.shutdown()).await.unwrap();
    let sent = sent.lock().unwrap();
    assert!(!sent.is_empty(), "no span left");
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let all: Vec<u8> = sent.iter().flat_map(|(_, body)| body.clone()).collect();
    assert_eq!(sent[0].0, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert!(holds(&all, b"kolsai.identity.v1.SigningKeys.ListSigningKeys"));
    assert!(holds(&all, &u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes()));
    assert!(!holds(&all, b"aigul@example.kz") && !holds(&all, b"hunter2"));
}
