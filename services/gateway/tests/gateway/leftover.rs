//! A client that sends its whole body before it reads the answer reads the typed one.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::school::School;

const PIECE: usize = 64 * 1024;
/// Eleven megabytes and some, in pieces.
const PIECES: usize = 170;
/// Far beyond what is drained.
const ENDLESS: usize = 1_600;

async fn http1(school: &School) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", school.port)).await.unwrap();
    let connector = TlsConnector::from(Arc::new(school.tls(&[b"http/1.1"])));
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

fn head(length: usize, more: &str) -> String {
    format!("POST /v1/accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n")
}

/// Reads one answer: its head and its body.
async fn answer(stream: &mut TlsStream<TcpStream>) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the connection ended early");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(json) = serde_json::from_str(body) {
            return (head.to_owned(), json);
        }
    }
}

#[tokio::test]
async fn http1_sends_everything_and_reads_the_refusal_and_goes_on() {
    let school = School::open().await;
    let mut stream = http1(&school).await;
    for _ in 0..2 {
        stream.write_all(head(PIECE * PIECES, "").as_bytes()).await.unwrap();
        for _ in 0..PIECES {
            stream.write_all(&[b'x'; PIECE]).await.unwrap();
        }
        stream.flush().await.unwrap();
        let (head, json) = answer(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
        assert_eq!(json["error"]["reason"], "BODY_TOO_LARGE");
    }
}

#[tokio::test]
async fn http2_sends_everything_and_reads_the_refusal() {
    let school = School::open().await;
    // With an announced length the refusal comes before the body, without one in the middle of it.
    for announced in [true, false] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let pieces = stream::iter(0..PIECES).map(move |_| {
            counted.fetch_add(PIECE, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; PIECE])))
        });
        let mut request = Request::post(school.url("/v1/accounts")).header("content-type", "application/json");
        if announced {
            request = request.header("content-length", PIECE * PIECES);
        }
        let response = school.client(true).request(request.body(StreamBody::new(pieces)).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let json: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["error"]["reason"], "BODY_TOO_LARGE");
        let whole = async {
            while sent.load(Ordering::Relaxed) < PIECE * PIECES {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(5), whole).await.expect("the whole body is taken");
    }
}

#[tokio::test]
async fn who_sends_without_end_is_cut_off() {
    let school = School::open().await;
    let mut stream = http1(&school).await;
    stream.write_all(head(PIECE * ENDLESS, "").as_bytes()).await.unwrap();
    let sending = async {
        for _ in 0..ENDLESS {
            stream.write_all(&[b'x'; PIECE]).await?;
        }
        stream.flush().await
    };
    assert!(timeout(Duration::from_secs(30), sending).await.expect("the connection is closed").is_err());
}

#[tokio::test]
async fn who_asks_first_is_refused_before_the_body() {
    let school = School::open().await;
    let mut stream = http1(&school).await;
    stream.write_all(head(PIECE * PIECES, "expect: 100-continue\r\n").as_bytes()).await.unwrap();
    let (head, json) = timeout(Duration::from_secs(5), answer(&mut stream)).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    assert_eq!(json["error"]["reason"], "BODY_TOO_LARGE");
}
