//! The sandbox partner's hosted page is shown, and nothing else of the partner is reached.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use foundation::Mode;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kolsai_gateway::{self as gateway, Config, InitError};
use tokio::{net::TcpListener, time::sleep};

use crate::school::{Behind, School, Told, parts};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
const FORM: &str = "application/x-www-form-urlencoded";

/// What the partner heard: method and path, headers, body.
type Heard = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

struct Bench {
    school: School,
    heard: Heard,
}

impl Bench {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (address, heard) = partner().await;
        let school = School::before(Behind { sandbox: Some(address), ..Behind::default() }, change).await;
        Self { school, heard }
    }

    async fn pays(&self, path: &str, form: impl Into<Bytes>) -> Told {
        self.school.ask(Method::POST, path).header("content-type", FORM).body(form).send().await
    }

    fn heard(&self) -> Vec<(String, HeaderMap, Bytes)> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// A partner whose pages are called after what they do.
async fn partner() -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Heard::default();
    let remembered = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = remembered.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let heard = heard.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    heard.lock().unwrap().push((format!("{} {}", parts.method, parts.uri), parts.headers, body));
                    Ok::<_, Infallible>(page(parts.uri.path(), address).await)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, heard)
}

async fn page(path: &str, address: SocketAddr) -> Response<Full<Bytes>> {
    let to = |location: &str| Response::builder().status(303).header("location", location);
    let shown = Response::builder()
        .header("content-type", "text/html; charset=utf-8")
        .header("cache-control", "no-store")
        .header("content-security-policy", "script-src *")
        .header("set-cookie", "a=b")
        .header("server", "partner");
    let (answer, body) = match path {
        "/pay/form" => (shown, "<form method=\"post\">".to_owned()),
        "/pay/thanks" => (to("/pay/form"), String::new()),
        "/pay/absolute" => (to(&format!("http://{address}/pay/form")), String::new()),
        "/pay/back" => (to("https://localhost:8443/v1/orders/1"), String::new()),
        "/pay/large" => (shown, "x".repeat(100_000)),
        "/pay/broken" => (shown.status(500), "10.0.0.7 is away".to_owned()),
        "/pay/late" => {
            sleep(Duration::from_secs(60)).await;
            (shown, String::new())
        }
        _ => (shown.status(404), "<p>There is no such payment.</p>".to_owned()),
    };
    answer.body(Full::from(body)).unwrap()
}

fn refusal(told: &Told) -> (u16, String) {
    (told.status.as_u16(), told.reason())
}

#[tokio::test]
async fn the_page_is_shown_under_a_policy_that_lets_its_form_be_sent() {
    let bench = Bench::open().await;
    for http2 in [true, false] {
        let ask = bench.school.get("/sandbox/pay/form?a=b").signed_in().header("cookie", "a=b").header("accept-language", "kk");
        let told = if http2 { ask.send().await } else { ask.over_http1().send().await };
        assert_eq!((told.status, &told.body[..]), (StatusCode::OK, &b"<form method=\"post\">"[..]));
        assert_eq!(told.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(told.headers.get_all("content-security-policy").iter().collect::<Vec<_>>(), [POLICY]);
        assert_eq!((told.header("cache-control"), told.header("x-content-type-options")), ("no-store", "nosniff"));
        assert!(told.header("strict-transport-security").starts_with("max-age=") && told.header("x-trace-id").len() == 32);
        assert!(!told.headers.contains_key("set-cookie") && !told.headers.contains_key("server"));
        let heard = bench.heard();
        let [(line, headers, _)] = &heard[..] else { panic!("one look: {heard:?}") };
        assert_eq!((line.as_str(), headers.len()), ("GET /pay/form", 1), "{headers:?}");
        assert!(headers["host"].to_str().unwrap().starts_with("127.0.0.1:"));
    }
    let told = bench.school.ask(Method::HEAD, "/sandbox/pay/form").send().await;
    assert_eq!((told.status, told.body.len(), told.header("content-length")), (StatusCode::OK, 0, "20"));
    let told = bench.school.get("/sandbox/pay/nobody").send().await;
    assert_eq!((told.status, told.header("content-security-policy")), (StatusCode::NOT_FOUND, POLICY), "the partner's own word");
}

#[tokio::test]
async fn the_form_arrives_and_nothing_of_who_sent_it() {
    let bench = Bench::open().await;
    let form = "card_number=4242424242424242&outcome=paid";
    let ask = bench.school.ask(Method::POST, "/sandbox/pay/form").header("content-type", FORM).body(form);
    let ask = ask.signed_in().header("cookie", "a=b").header("x-merchant-signature", "t=0").header("referer", "https://school.kz");
    assert_eq!(ask.send().await.status, StatusCode::OK);
    let heard = bench.heard();
    let [(line, headers, body)] = &heard[..] else { panic!("one form: {heard:?}") };
    assert_eq!((line.as_str(), &body[..]), ("POST /pay/form", form.as_bytes()));
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "host"]);
    assert_eq!(headers["content-type"], FORM);
}

#[tokio::test]
async fn redirects_stay_on_this_side() {
    let bench = Bench::open().await;
    for (page, location) in
        [("thanks", "/sandbox/pay/form"), ("absolute", "/sandbox/pay/form"), ("back", "https://localhost:8443/v1/orders/1")]
    {
        let told = bench.pays(&format!("/sandbox/pay/{page}"), "outcome=paid").await;
        assert_eq!((told.status, told.header("location")), (StatusCode::SEE_OTHER, location), "{page}");
    }
}

#[tokio::test]
async fn the_partners_api_and_controls_are_not_reached() {
    let bench = Bench::open().await;
    for (method, path) in [
        (Method::POST, "/sandbox/control/form"),
        (Method::POST, "/sandbox/payments"),
        (Method::GET, "/sandbox/payments/form"),
        (Method::POST, "/sandbox/payments/form/refund"),
        (Method::POST, "/sandbox/pay/..%2fcontrol/form"),
        (Method::POST, "/sandbox/pay/%2e%2e%2fcontrol%2fform"),
        (Method::POST, "/sandbox//control/form"),
        (Method::GET, "/sandbox/pay/form/"),
        (Method::GET, "/sandbox/pay/"),
        (Method::GET, "/sandbox/"),
        (Method::GET, "/sandbox"),
        (Method::GET, "/pay/form"),
        (Method::POST, "/control/form"),
    ] {
        let told = bench.school.ask(method.clone(), path).send().await;
        assert_eq!(refusal(&told), (404, "NO_SUCH_ROUTE".to_owned()), "{method} {path}");
        assert_eq!(told.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    }
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        let told = bench.school.ask(method, "/sandbox/pay/form").send().await;
        assert_eq!((refusal(&told), told.header("allow")), ((405, "WRONG_VERB".to_owned()), "GET, POST"));
    }
    assert!(bench.heard().is_empty());
}

#[tokio::test]
async fn a_form_is_small() {
    let bench = Bench::open().await;
    let told = bench.pays("/sandbox/pay/form", vec![b'x'; 16 * 1024 + 1]).await;
    assert_eq!(refusal(&told), (413, "BODY_TOO_LARGE".to_owned()));
    assert!(bench.heard().is_empty());
    assert_eq!(bench.pays("/sandbox/pay/form", vec![b'x'; 16 * 1024]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_partner_that_is_away_late_or_broken_is_not_the_callers_fault() {
    let bench = Bench::with(|config| config.default_deadline_seconds = 1).await;
    let unavailable = (503, "PARTNER_UNAVAILABLE".to_owned());
    for page in ["broken", "large"] {
        assert_eq!(refusal(&bench.school.get(&format!("/sandbox/pay/{page}")).send().await), unavailable, "{page}");
    }
    assert_eq!(refusal(&bench.school.get("/sandbox/pay/late").send().await), (504, "TOO_LATE".to_owned()));
    let nobody = School::before(Behind { sandbox: Some(([127, 0, 0, 1], 1).into()), ..Behind::default() }, |_| {}).await;
    assert_eq!(refusal(&nobody.get("/sandbox/pay/form").send().await), unavailable);
}

#[tokio::test]
async fn looking_at_the_page_costs_its_address_something() {
    let bench = Bench::with(|config| (config.limits.per_address_per_second, config.limits.burst) = (1, 4)).await;
    for _ in 0..2 {
        assert_eq!(bench.school.get("/sandbox/pay/form").send().await.status, StatusCode::OK);
    }
    assert_eq!(refusal(&bench.school.get("/sandbox/pay/form").send().await), (429, "TOO_MANY_CALLS".to_owned()));
}

#[tokio::test]
async fn without_a_sandbox_there_is_no_such_page_and_production_has_none() {
    let school = School::open().await;
    assert_eq!(refusal(&school.get("/sandbox/pay/form").send().await), (404, "NO_SUCH_ROUTE".to_owned()));
    let behind = Behind { sandbox: Some(([127, 0, 0, 1], 1).into()), ..Behind::default() };
    let parts = parts(Mode::Production, behind, &Arc::default(), &Arc::default());
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    assert!(matches!(gateway::init(config, parts).await, Err(InitError::SandboxInProduction)));
}
