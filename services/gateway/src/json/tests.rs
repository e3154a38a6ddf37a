//! The forms that the contract of today does not use yet, over a contract of this test's own.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use contract::Contract;
use foundation::{BoxError, Clock, Mode, Refusal};
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use serde_json::json;
use tonic::{Code, Status, body::Body, service::Routes};
use tower::service_fn;

use crate::{Config, Parts, Readiness, TokenCheck, edge::Edge};

const PROTO: &str = r#"
    syntax = "proto3";
    package kolsai.till.v1;
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
    import "kolsai/contract/v1/contract.proto";
    service Tills {
      rpc Notify(Notification) returns (Names) {
        option (google.api.http) = { post: "/v1/partners/{partner}/notifications" body: "payload" };
        option (kolsai.contract.v1.rule) = { who: PARTNER purpose: PAYMENT person: RESOLVED };
      }
      rpc Watch(From) returns (stream Names) {
        option (google.api.http) = { get: "/v1/ticks" additional_bindings { get: "/v1/ticks/{from}" } };
        option (kolsai.contract.v1.rule) = { who: ANYONE purpose: SECURITY person: NONE idempotent: READ };
      }
      rpc List(From) returns (Names) {
        option (google.api.http) = { get: "/v1/names" response_body: "names" };
        option (kolsai.contract.v1.rule) = { who: ANYONE purpose: SECURITY person: NONE idempotent: READ };
      }
    }
    message Notification { string partner = 1; google.api.HttpBody payload = 2; }
    message From { int32 from = 1; }
    message Names { repeated string names = 1; }
"#;

struct Yes;

#[async_trait]
impl TokenCheck for Yes {
    async fn check(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

#[async_trait]
impl Readiness for Yes {
    async fn ready(&self) -> Result<(), Vec<String>> {
        Ok(())
    }
}

fn contract() -> &'static Contract {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("till.proto"), PROTO).unwrap();
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let mut compiler = protox::Compiler::new([folder.path(), std::path::Path::new(protos)]).unwrap();
    compiler.include_imports(true).open_file("till.proto").unwrap();
    let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap();
    Box::leak(Box::new(Contract::of(&pool)))
}

/// Answers `names` message by message; a name `!` is a refusal in its place.
fn answer(contract: &Contract, path: &str, names: &[String]) -> http::Response<Body> {
    let output = &contract.method(path).unwrap().output;
    let mut frames = Vec::new();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    for name in names {
        if name == "!" {
            Status::from(Refusal::precondition("NO_MORE", "nothing is left")).add_header(&mut trailers).unwrap();
            break;
        }
        let mut message = DynamicMessage::new(output.clone());
        message.set_field_by_name("names", Value::List(name.split_terminator(' ').map(|name| Value::String(name.into())).collect()));
        let mut bytes = BytesMut::new();
        bytes.put_u8(0);
        bytes.put_u32(u32::try_from(message.encoded_len()).unwrap());
        bytes.extend(message.encode_to_vec());
        // Split anywhere: frames of HTTP/2 know nothing of messages.
        let rest = bytes.split_off(3);
        frames.extend([bytes, rest].map(|bytes| Ok::<_, Status>(Frame::data(bytes.freeze()))));
    }
    frames.push(Ok(Frame::trailers(trailers)));
    http::Response::new(Body::new(StreamBody::new(futures::stream::iter(frames))))
}

struct Till {
    edge: Arc<Edge>,
    seen: Arc<Mutex<Option<(HeaderMap, DynamicMessage)>>>,
}

impl Till {
    fn answering(names: &[&str]) -> Self {
        let contract = contract();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let seen = Arc::new(Mutex::new(None));
        let keep = seen.clone();
        let transport = foundation::transport(service_fn(move |request: Request<Body>| {
            let (names, keep) = (names.clone(), keep.clone());
            async move {
                let (parts, body) = request.into_parts();
                let bytes = body.collect().await?.to_bytes();
                let input = contract.method(parts.uri.path()).unwrap().input.clone();
                *keep.lock().unwrap() = Some((parts.headers, DynamicMessage::decode(input, &bytes[5..]).unwrap()));
                Ok::<_, BoxError>(answer(contract, parts.uri.path(), &names))
            }
        }));
        let parts = Parts {
            transports: Arc::new(move |name| (name == "till").then(|| transport.clone())),
            clock: Clock::system(Mode::Development),
            cache: None,
            mode: Mode::Development,
            token_check: Arc::new(Yes),
            readiness: Arc::new(Yes),
            objects: None,
            sandbox: None,
        };
        Self { edge: Arc::new(Edge::try_new(contract, &Config::default(), parts, Routes::default()).unwrap()), seen }
    }

    async fn ask(&self, request: http::request::Builder, body: &'static [u8]) -> (StatusCode, HeaderMap, Result<Bytes, Status>) {
        let request = request.body(Body::new(Full::from(body))).unwrap();
        let (parts, body) = self.edge.clone().answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.into_parts();
        (parts.status, parts.headers, body.collect().await.map(|body| body.to_bytes()))
    }
}

#[tokio::test]
async fn a_partners_bytes_and_signature_arrive_untouched() {
    let till = Till::answering(&["ok"]);
    let bytes = b"{ \"sum\":  1 }\n";
    let request = Request::post("/v1/partners/kz-bank/notifications")
        .header("content-type", "application/json")
        .header("x-signature", "abc")
        .header("x-kolsai-peer", "privacy");
    let (status, _, body) = till.ask(request, bytes).await;
    assert_eq!((status, body.unwrap().as_ref()), (StatusCode::OK, &br#"{"names":["ok"]}"#[..]));
    let (headers, message) = till.seen.lock().unwrap().take().unwrap();
    assert_eq!((headers.get("x-signature").unwrap().to_str().unwrap(), headers.contains_key("x-kolsai-peer")), ("abc", false));
    let json = serde_json::to_value(&message).unwrap();
    assert_eq!(json, json!({ "partner": "kz-bank", "payload": { "contentType": "application/json", "data": "eyAic3VtIjogIDEgfQo=" } }));
}

#[tokio::test]
async fn a_stream_of_messages_is_lines_of_json() {
    let till = Till::answering(&["a", "b c"]);
    for path in ["/v1/ticks?from=7", "/v1/ticks/7"] {
        let (status, headers, body) = till.ask(Request::get(path), b"").await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/x-ndjson"));
        assert_eq!(body.unwrap().as_ref(), b"{\"names\":[\"a\"]}\n{\"names\":[\"b\",\"c\"]}\n");
        let (_, message) = till.seen.lock().unwrap().take().unwrap();
        assert_eq!(message.get_field_by_name("from").unwrap().as_i32(), Some(7));
    }
}

#[tokio::test]
async fn a_refusal_is_a_status_before_the_first_message_and_breaks_the_body_off_after_it() {
    let (status, _, body) = Till::answering(&["!"]).ask(Request::get("/v1/ticks"), b"").await;
    assert_eq!(
        (status, serde_json::from_slice::<serde_json::Value>(&body.unwrap()).unwrap()["error"]["reason"].as_str()),
        (StatusCode::BAD_REQUEST, Some("NO_MORE"))
    );
    let (status, _, body) = Till::answering(&["a", "!"]).ask(Request::get("/v1/ticks"), b"").await;
    assert_eq!((status, body.unwrap_err().code()), (StatusCode::OK, Code::FailedPrecondition));
    assert_eq!(Till::answering(&[]).ask(Request::get("/v1/ticks"), b"").await.2.unwrap(), Bytes::new());
}

#[tokio::test]
async fn one_field_may_be_the_whole_answer() {
    for (name, expected) in [("a b", &br#"["a","b"]"#[..]), ("", b"[]")] {
        let (_, _, body) = Till::answering(&[name]).ask(Request::get("/v1/names"), b"").await;
        assert_eq!(body.unwrap().as_ref(), expected);
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_form_is_our_fault_and_says_no_more() {
    for names in [&[][..], &["a", "b"]] {
        let (status, _, body) = Till::answering(names).ask(Request::get("/v1/names"), b"").await;
        let error = serde_json::from_slice::<serde_json::Value>(&body.unwrap()).unwrap();
        assert_eq!((status, error["error"]["reason"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("INTERNAL")));
    }
}
