mod mesh;
mod replicas;
mod stage;
mod strangers;

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use super::{Local, Peer, Peers, PeersError};

/// A service that keeps the head of the last request that reached it.
fn listener() -> (Local, Arc<Mutex<Option<http::request::Parts>>>) {
    let heard = Arc::new(Mutex::new(None));
    let keep = heard.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        *keep.lock().unwrap() = Some(request.into_parts().0);
        async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }
    });
    (Local::new(service), heard)
}

#[tokio::test]
async fn a_peer_is_who_calls_and_not_who_it_says_it_is() {
    let peers = Peers::in_process();
    let (service, heard) = listener();
    let (early, hops) = (peers.transport("learning", "privacy"), peers.transport("gateway", "privacy"));
    peers.register("privacy", service).unwrap();
    let mut request = Request::builder().header("x-kolsai-peer", "privacy").header("accept-language", "kk").body(Body::empty()).unwrap();
    // A handler that passes the extensions of its own request on does not lend its caller's name.
    request.extensions_mut().insert(Peer::new("privacy"));
    early.oneshot(request).await.unwrap();
    let head = heard.lock().unwrap().take().unwrap();
    assert_eq!(head.extensions.get::<Peer>().unwrap().name(), "learning");
    assert!(!head.headers.contains_key("x-kolsai-peer") && head.headers["accept-language"] == "kk");
    assert_eq!(head.headers["grpc-timeout"], "10000000u");
    hops.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(heard.lock().unwrap().take().unwrap().extensions.get::<Peer>().unwrap().name(), "gateway");
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_unavailable_and_none_is_there_twice() {
    let peers = Peers::in_process();
    let answer = peers.transport("learning", "payment").oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(Status::from_header_map(answer.headers()).unwrap().code(), Code::Unavailable);
    peers.register("payment", listener().0).unwrap();
    assert!(matches!(peers.register("payment", listener().0), Err(PeersError::Twice(name)) if name == "payment"));
    peers.clear();
    assert!(peers.local_names().is_empty());
}

#[tokio::test]
async fn a_peer_elsewhere_needs_tls_and_certificates() {
    let addresses = |address: &str| [("identity".to_owned(), address.to_owned())].into();
    let refused = |address: &str| Peers::with_remote(&addresses(address), None).err().unwrap();
    assert!(matches!(refused("http://identity:7000"), PeersError::Address(_)));
    assert!(matches!(refused("https://identity:7000"), PeersError::NoCertificates));
}

#[tokio::test]
async fn a_persons_token_travels_to_methods_of_persons_alone() {
    let peers = Peers::in_process();
    let (service, heard) = listener();
    peers.register("privacy", service).unwrap();
    let call = |path: &str| {
        let request = Request::builder().uri(path).header("authorization", "Bearer x").body(Body::empty()).unwrap();
        peers.transport("gateway", "privacy").oneshot(request)
    };
    call("/kolsai.privacy.v1.Erasures/CancelMyErasure").await.unwrap();
    assert!(heard.lock().unwrap().take().unwrap().headers.contains_key("authorization"));
    call("/kolsai.privacy.v1.Exceptions/FindException").await.unwrap();
    assert!(!heard.lock().unwrap().take().unwrap().headers.contains_key("authorization"));
}
