//! What the edge does for every call: probes, headers, origins, limits, deadlines, connections.

use std::{sync::atomic::Ordering, time::Duration};

use http::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::school::{SLOW, School};

#[tokio::test]
async fn probes_answer() {
    let school = School::open().await;
    assert_eq!(school.get("/healthz").send().await.status, StatusCode::OK);
    assert_eq!(school.get("/readyz").send().await.status, StatusCode::OK);
    school.ready.store(false, Ordering::Relaxed);
    let told = school.get("/readyz").over_http1().send().await;
    assert_eq!((told.status, &told.body[..]), (StatusCode::SERVICE_UNAVAILABLE, &b"not ready: identity\n"[..]));
    assert_eq!(told.header("retry-after"), "1");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_its_trace() {
    let school = School::open().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (path, cache) in [("/v1/me", "no-store"), ("/v1/nothing", "no-store"), ("/healthz", "no-store"), ("/v1/signing-keys", "no-cache")] {
        let told = school.get(path).signed_in().header("traceparent", trace).send().await;
        assert!(told.header("strict-transport-security").starts_with("max-age=31536000"), "{path}");
        assert_eq!(told.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(told.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(told.header("cache-control"), cache, "{path}");
        assert_eq!(told.header("x-trace-id"), "0af7651916cd43dd8448eb211c80319c", "{path}");
    }
    assert_eq!(school.get("/v1/me").header("traceparent", "00-nonsense-x-01").send().await.header("x-trace-id").len(), 32);
}

#[tokio::test]
async fn services_are_told_only_what_they_need() {
    let school = School::open().await;
    let ask = school
        .get("/v1/signing-keys")
        .header("x-kolsai-peer", "privacy")
        .header("cookie", "a=b")
        .header("user-agent", "me")
        .header("accept-language", "kk");
    ask.header("x-private", "1").send().await;
    let seen = school.last_seen();
    let mut names: Vec<&str> = seen.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-language", "content-type", "grpc-timeout", "te", "traceparent"]);
}

#[tokio::test]
async fn only_allowed_origins_may_call() {
    let school = School::with(|config| config.allowed_origins = vec!["https://school.kz".into()]).await;
    let preflight = |path: &'static str, origin: &'static str| {
        school.ask(Method::OPTIONS, path).header("origin", origin).header("access-control-request-method", "POST").send()
    };
    let told = preflight("/v1/accounts", "https://school.kz").await;
    assert_eq!((told.status, told.header("access-control-allow-origin")), (StatusCode::NO_CONTENT, "https://school.kz"));
    assert_eq!(told.header("access-control-allow-methods"), "POST");
    assert!(told.header("access-control-allow-headers").contains("authorization"));
    assert!(told.header("access-control-allow-credentials").is_empty());
    assert_eq!(preflight("/kolsai.identity.v1.Accounts/Register", "https://school.kz").await.status, StatusCode::NO_CONTENT);
    assert_eq!(preflight("/kolsai.identity.v1.Contacts/ResolveForMail", "https://school.kz").await.status, StatusCode::NOT_FOUND);
    for (path, origin) in [("/v1/accounts", "https://evil.kz"), ("/v1/accounts", "null")] {
        let told = preflight(path, origin).await;
        assert_eq!((told.status, told.header("access-control-allow-origin")), (StatusCode::FORBIDDEN, ""));
    }
    let told = school.get("/v1/signing-keys").header("origin", "https://school.kz").send().await;
    assert_eq!((told.header("access-control-allow-origin"), told.header("vary")), ("https://school.kz", "origin"));
    let told = school.get("/v1/signing-keys").header("origin", "https://evil.kz").send().await;
    assert_eq!((told.header("access-control-allow-origin"), told.header("vary")), ("", "origin"));
}

#[tokio::test]
async fn an_address_that_asks_too_much_waits_by_the_methods_cost() {
    let school = School::with(|config| (config.limits.per_address_per_second, config.limits.burst) = (1, 20)).await;
    // Registering costs ten.
    for _ in 0..2 {
        assert_eq!(school.post("/v1/accounts", json!({ "password": "short" })).send().await.status, StatusCode::BAD_REQUEST);
    }
    let told = school.post("/v1/accounts", json!({ "password": "short" })).send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_CALLS"));
    let wait: u64 = told.header("retry-after").parse().unwrap();
    assert_eq!(told.json()["error"]["retry_after_seconds"], wait);
    assert_eq!(school.get("/healthz").send().await.status, StatusCode::OK);
    school.clock.advance(Duration::from_secs(60));
    assert_eq!(school.post("/v1/accounts", json!({ "password": "short" })).send().await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_too_many_at_once_are_shed() {
    let school = School::with(|config| config.limits.max_concurrent_calls = 1).await;
    let told = school.get("/v1/signing-keys").header("accept-language", SLOW).header("grpc-timeout", "200m").send().await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::GATEWAY_TIMEOUT, "TOO_LATE"));

    let slow = school.get("/v1/signing-keys").header("accept-language", SLOW).header("grpc-timeout", "2S");
    let (slow, shed) = tokio::join!(slow.send(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        school.get("/v1/signing-keys").send().await
    });
    assert_eq!(slow.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!((shed.status, shed.reason().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "BUSY"));
    assert_eq!(shed.header("retry-after"), "1");
    assert_eq!(school.get("/v1/signing-keys").send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn bad_connections_end_alone() {
    let school = School::open().await;
    let mut plain = TcpStream::connect(("127.0.0.1", school.port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(5), plain.read_to_end(&mut answer)).await.expect("the connection is closed");
    assert!(!answer.starts_with(b"HTTP/"));
    assert_eq!(school.get("/healthz").send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn calls_under_way_finish_when_the_gateway_stops() {
    let mut school = School::open().await;
    let request = tokio::spawn({
        let (client, url) = (school.client(true), school.url("/v1/signing-keys"));
        async move {
            let request = http::Request::get(url)
                .header("accept-language", SLOW)
                .header("grpc-timeout", "1S")
                .body(http_body_util::Full::<bytes::Bytes>::default())
                .unwrap();
            client.request(request).await.unwrap().status()
        }
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    school.stop();
    assert_eq!(request.await.unwrap(), StatusCode::GATEWAY_TIMEOUT);
    timeout(Duration::from_secs(5), &mut school.serving).await.expect("the gateway ends").unwrap();
    assert!(TcpStream::connect(("127.0.0.1", school.port)).await.is_err());
}
