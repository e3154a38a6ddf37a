use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use contract::{Class, Purpose};
use foundation::{Clock, Mode};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use kolsai_egress::{Call, Config, Egress, Error, PAYMENT_PARTNER};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::support::{Register, development, egress};

type Seen = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A partner that repeats what it was sent, on loopback, with TLS when given.
async fn partner(tls: Option<TlsAcceptor>) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let seen = Seen::default();
    let remembered = seen.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (seen, tls) = (remembered.clone(), tls.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, seen.clone()));
                let server = auto::Builder::new(TokioExecutor::new());
                match tls {
                    None => drop(server.serve_connection(TokioIo::new(socket), service).await),
                    Some(tls) => {
                        if let Ok(socket) = tls.accept(socket).await {
                            drop(server.serve_connection(TokioIo::new(socket), service).await);
                        }
                    }
                }
            });
        }
    });
    (format!("{scheme}://localhost:{port}/api/"), seen)
}

async fn answer(request: Request<Incoming>, seen: Seen) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let key = head.headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
    let signature = head.headers.get("x-signature").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    seen.lock().unwrap().push((format!("{} {}", head.method, head.uri.path_and_query().unwrap()), key, body.clone()));
    let response = match head.uri.path() {
        "/api/large" => Response::new(Full::from(vec![b'x'; 2 * 1024 * 1024])),
        "/api/elsewhere" => Response::builder().status(307).header("location", "http://localhost:1/").body(Full::default()).unwrap(),
        _ => Response::new(Full::from(json!({ "got": body, "signature": signature }).to_string())),
    };
    Ok(response)
}

fn call(path: &str) -> Call<'_> {
    Call { id: Uuid::new_v4(), path, purpose: Purpose::Payment, classes: &[Class::Payment, Class::Id], subject: None, headers: &[] }
}

fn way_out() -> (Arc<Register>, Egress, tempfile::TempDir) {
    let (folder, register) = (tempfile::tempdir().unwrap(), Arc::default());
    let egress = egress(development(&format!("folder:{}", folder.path().display())), &register);
    (register, egress, folder)
}

#[tokio::test]
async fn a_partner_is_posted_to_and_asked() {
    let (address, seen) = partner(None).await;
    let (register, egress, _folder) = way_out();
    let partner = egress.http(PAYMENT_PARTNER.name, &address).unwrap();
    let headers = [(HeaderName::from_static("x-signature"), HeaderValue::from_static("abc"))];
    let create = Call { headers: &headers, ..call("/orders?test=1") };
    let answer = partner.post_json(create, &json!({ "amount": 4_900_000 })).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json::<Value>().unwrap(), json!({ "got": { "amount": 4_900_000 }, "signature": "abc" }));
    assert!(matches!(answer.json::<Vec<u8>>(), Err(Error::Answer { .. })));
    partner.get(call("/orders/1")).await.unwrap();

    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen[0], ("POST /api/orders?test=1".into(), create.id.to_string(), json!({ "amount": 4_900_000 })));
    assert_eq!((seen[1].0.as_str(), seen[1].1.as_str()), ("GET /api/orders/1", ""));
    let entries = register.all();
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].id, entries[0].recipient, entries[0].purpose), (create.id, "payment-partner", Purpose::Payment));
}

#[tokio::test]
async fn an_undeclared_call_is_stopped_before_anything_leaves() {
    let (address, seen) = partner(None).await;
    let (register, egress, _folder) = way_out();
    let partner = egress.http(PAYMENT_PARTNER.name, &address).unwrap();
    for undeclared in [
        Call { purpose: Purpose::Newsletter, ..call("/orders") },
        Call { classes: &[Class::Payment, Class::Email], ..call("/orders") },
        Call { classes: &[Class::Unspecified], ..call("/orders") },
    ] {
        assert!(matches!(partner.post_json(undeclared, &json!({})).await, Err(Error::Undeclared { .. })));
    }
    assert!(matches!(egress.http("advertiser", &address), Err(Error::UnknownRecipient(_))));
    assert!(seen.lock().unwrap().is_empty() && register.all().is_empty());
}

#[tokio::test]
async fn without_a_register_no_call_leaves() {
    let (address, seen) = partner(None).await;
    let folder = tempfile::tempdir().unwrap();
    let register = Arc::new(Register { broken: true, ..Register::default() });
    let egress = egress(development(&format!("folder:{}", folder.path().display())), &register);
    let partner = egress.http(PAYMENT_PARTNER.name, &address).unwrap();
    assert!(matches!(partner.get(call("/orders/1")).await, Err(Error::Register(_))));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn addresses_are_encrypted_and_paths_stay_with_the_partner() {
    let (_, egress, _folder) = way_out();
    for address in ["http://pay.example.kz", "ftp://localhost", "pay.example.kz", "https://pay.example.kz/?a=b", "/api"] {
        assert!(matches!(egress.http(PAYMENT_PARTNER.name, address), Err(Error::PartnerAddress(_))), "{address}");
    }
    let partner = egress.http(PAYMENT_PARTNER.name, "https://pay.example.kz/api").unwrap();
    for path in ["orders", "//elsewhere.example", "/../admin", "@elsewhere.example/", "", "/a b"] {
        assert!(matches!(partner.get(call(path)).await, Err(Error::Path)), "{path}");
    }
    let config = Config::new(Mode::Production, "smtps://u:p@relay.example.kz".parse().unwrap());
    let production = Egress::try_new(config, Arc::new(Register::default()), Clock::system(Mode::Production)).unwrap();
    assert!(matches!(production.http(PAYMENT_PARTNER.name, "http://localhost:1"), Err(Error::PartnerAddress(_))));
    assert!(production.http(PAYMENT_PARTNER.name, "https://pay.example.kz").is_ok());
}

#[tokio::test]
async fn redirects_are_not_followed_and_answers_are_bounded() {
    let (address, seen) = partner(None).await;
    let (_, egress, _folder) = way_out();
    let partner = egress.http(PAYMENT_PARTNER.name, &address).unwrap();
    assert_eq!(partner.get(call("/elsewhere")).await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    assert!(matches!(partner.get(call("/large")).await, Err(Error::NotAnswered { .. })));
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_partner_that_is_away_was_not_reached() {
    let (_, egress, _folder) = way_out();
    let refused = egress.http(PAYMENT_PARTNER.name, "http://127.0.0.1:1").unwrap().get(call("/orders/1")).await.unwrap_err();
    assert!(matches!(refused, Error::NotReached { recipient: "payment-partner", .. }), "{refused:?}");
}

#[tokio::test]
async fn a_partner_that_hangs_up_may_have_got_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 1024]).await;
        }
    });
    let (_, egress, _folder) = way_out();
    let refused = egress.http(PAYMENT_PARTNER.name, &address).unwrap().post_json(call("/orders"), &json!({})).await.unwrap_err();
    assert!(matches!(refused, Error::NotAnswered { .. }), "{refused:?}");
}

#[tokio::test]
async fn https_is_verified() {
    let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let (address, seen) = partner(Some(TlsAcceptor::from(Arc::new(server)))).await;

    let (_, untrusting, folder) = way_out();
    let refused = untrusting.http(PAYMENT_PARTNER.name, &address).unwrap().get(call("/orders/1")).await.unwrap_err();
    assert!(matches!(refused, Error::NotReached { .. }), "{refused:?}");
    assert!(seen.lock().unwrap().is_empty());

    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, made.cert.pem()).unwrap();
    let config = Config { trusted_ca: Some(authority), ..development(&format!("folder:{}", folder.path().display())) };
    let trusting = egress(config, &Arc::default());
    let answer = trusting.http(PAYMENT_PARTNER.name, &address).unwrap().get(call("/orders/1")).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);

    let empty = Config { trusted_ca: Some("/dev/null".into()), ..development(&format!("folder:{}", folder.path().display())) };
    let refused = Egress::try_new(empty, Arc::new(Register::default()), Clock::system(Mode::Development)).map(|_| ());
    assert!(matches!(refused, Err(Error::Authorities(_))));
}
