//! What a call carries on to the peers that it asks.

use std::sync::{Arc, Mutex};

use foundation::PersonId;
use http::{HeaderMap, Request, Response};
use tonic::body::Body;

use super::bench::{Bench, token};
use crate::peers::{Local, asked_for};

fn echo(bench: &Bench) -> Arc<Mutex<Vec<HeaderMap>>> {
    let heard: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let keep = heard.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        keep.lock().unwrap().push(request.headers().clone());
        async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }
    });
    bench.peers.register("echo", Local::new(service)).unwrap();
    heard
}

#[tokio::test]
async fn a_service_acts_as_itself_unless_it_says_otherwise() {
    let bench = Bench::new();
    let heard = echo(&bench);
    let token = token(&bench.claims(PersonId::new_v4(), &[]));
    bench.call("gateway", "Mine", Some(&token), "forward;forward-for-caller;forward").await;
    let heard = heard.lock().unwrap();
    let carried: Vec<_> = heard.iter().map(|headers| headers.get("authorization").is_some()).collect();
    assert_eq!(carried, [false, true, false]);
    assert_eq!(heard[1]["authorization"], format!("Bearer {token}"));
}

#[tokio::test]
async fn deadline_and_trace_go_along() {
    let bench = Bench::new();
    let heard = echo(&bench);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut headers = HeaderMap::new();
    for (name, value) in [("doing", "forward"), ("grpc-timeout", "3S"), ("traceparent", trace)] {
        headers.insert(name, value.parse().unwrap());
    }
    bench.send("gateway", "Open", headers).await;
    let heard = heard.lock().unwrap();
    let left = asked_for(&heard[0]).unwrap();
    assert!(left.as_millis() < 3000 && left.as_millis() > 1000, "{left:?}");
    assert_eq!(heard[0]["traceparent"], trace);
}
