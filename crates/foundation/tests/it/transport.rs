//! The one client transport carries answers and failures alike.

use foundation::{BoxError, Transport, transport};
use tonic::body::Body;
use tower::{ServiceExt, service_fn};

fn ask() -> http::Request<Body> {
    http::Request::builder().uri("/kolsai.identity.v1.Accounts/GetProfile").body(Body::empty()).unwrap()
}

#[tokio::test]
async fn an_answer_comes_back() {
    let echo = service_fn(async |request: http::Request<Body>| {
        Ok::<_, BoxError>(http::Response::builder().header("path", request.uri().path()).body(Body::empty()).unwrap())
    });
    let there: Transport = transport(echo);
    let answer = there.clone().oneshot(ask()).await.unwrap();
    assert_eq!(answer.headers()["path"], "/kolsai.identity.v1.Accounts/GetProfile");
}

#[tokio::test]
async fn a_failure_keeps_its_cause_to_itself() {
    let broken = service_fn(async |_: http::Request<Body>| Err::<http::Response<Body>, BoxError>("dns: no such host".into()));
    let error = transport(broken).oneshot(ask()).await.unwrap_err();
    assert_eq!(error.to_string(), "the call did not get through");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "dns: no such host");
}
