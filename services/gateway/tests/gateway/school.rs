//! A gateway on a free port, two services behind it, and clients that trust its development authority.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use contract::{google::api::HttpBody, identity::v1 as identity, learning::v1 as learning, privacy::v1 as privacy};
use foundation::{Clock, Mode, Refusal, Transport};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use kolsai_gateway::{self as gateway, Config, Gateway, Parts, Readiness, TokenCheck};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{
    Status,
    body::Body,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// The one good access token.
pub const TOKEN: &str = "good";
/// Whoever asks in this language waits for a minute.
pub const SLOW: &str = "tlh";

/// Embedded servers that a gateway has behind it.
#[derive(Clone, Copy, Default)]
pub struct Behind {
    pub objects: Option<SocketAddr>,
    pub sandbox: Option<SocketAddr>,
}

pub struct School {
    pub port: u16,
    pub clock: Clock,
    pub ready: Arc<AtomicBool>,
    /// What the services were told beside the messages, call by call.
    pub seen: Arc<Mutex<Vec<HeaderMap>>>,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    pub serving: JoinHandle<()>,
}

struct OneToken;

#[async_trait]
impl TokenCheck for OneToken {
    async fn check(&self, bearer: &str) -> Result<(), Refusal> {
        if bearer == TOKEN { Ok(()) } else { Err(Refusal::unauthenticated("BAD_TOKEN", "sign in again")) }
    }
}

struct Ready(Arc<AtomicBool>);

#[async_trait]
impl Readiness for Ready {
    async fn ready(&self) -> Result<(), Vec<String>> {
        if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(vec!["identity".to_owned()]) }
    }
}

/// What a gateway is given here: two services, one good token, and what else stands behind it.
pub fn parts(mode: Mode, behind: Behind, ready: &Arc<AtomicBool>, seen: &Arc<Mutex<Vec<HeaderMap>>>) -> Parts {
    let transport = services(Arc::clone(seen));
    Parts {
        transports: Arc::new(move |name| ["identity", "privacy", "learning"].contains(&name).then(|| transport.clone())),
        clock: Clock::system(mode),
        cache: None,
        mode,
        token_check: Arc::new(OneToken),
        readiness: Arc::new(Ready(ready.clone())),
        objects: behind.objects,
        sandbox: behind.sandbox,
    }
}

impl School {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::before(Behind::default(), change).await
    }

    pub async fn before(behind: Behind, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ready, seen) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let mut config = Config { listen: ([127, 0, 0, 1], 0).into(), certificate_folder: folder.path().to_owned(), ..Config::default() };
        change(&mut config);
        let parts = parts(Mode::Development, behind, &ready, &seen);
        let clock = parts.clock.clone();
        let gateway: Gateway = gateway::init(config, parts).await.unwrap();
        let port = gateway.address().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move { gateway.serve(stopped).await.unwrap() });
        Self { port, clock, ready, seen, folder, stop: Some(stop), serving }
    }

    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    fn authority(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("dev-ca.pem")).unwrap()
    }

    pub fn tls(&self, alpn: &[&[u8]]) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.authority()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        tls
    }

    #[expect(clippy::disallowed_methods, reason = "a caller of the gateway, not a way out of the house")]
    pub fn client<B>(&self, http2: bool) -> Client<HttpsConnector<HttpConnector>, B>
    where
        B: http_body::Body + Send,
        B::Data: Send,
    {
        let connector = HttpsConnectorBuilder::new().with_tls_config(self.tls(&[])).https_only();
        let connector = if http2 { connector.enable_http2().build() } else { connector.enable_http1().build() };
        Client::builder(TokioExecutor::new()).http2_only(http2).build(connector)
    }

    pub async fn channel(&self) -> Channel {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.authority()));
        let endpoint = Endpoint::from_shared(format!("https://localhost:{}", self.port)).unwrap().connect_timeout(Duration::from_secs(5));
        endpoint.tls_config(tls).unwrap().connect().await.unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask { school: self, request: Request::builder().method(method).uri(self.url(path)), body: Bytes::new(), http2: true }
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str, json: Value) -> Ask<'_> {
        self.ask(Method::POST, path).header("content-type", "application/json").body(json.to_string())
    }

    /// The metadata of the last call that reached a service.
    pub fn last_seen(&self) -> HeaderMap {
        self.seen.lock().unwrap().last().cloned().unwrap()
    }
}

pub struct Ask<'s> {
    school: &'s School,
    request: http::request::Builder,
    body: Bytes,
    http2: bool,
}

impl Ask<'_> {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn signed_in(self) -> Self {
        self.header("authorization", format!("Bearer {TOKEN}"))
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub fn over_http1(mut self) -> Self {
        self.http2 = false;
        self
    }

    pub async fn send(self) -> Told {
        let request = self.request.body(Full::new(self.body)).unwrap();
        let (parts, body) = self.school.client(self.http2).request(request).await.unwrap().into_parts();
        let collected = body.collect().await.unwrap();
        Told { status: parts.status, headers: parts.headers, body: collected.to_bytes() }
    }
}

#[derive(Debug)]
pub struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The reason of an error.
    pub fn reason(&self) -> String {
        self.json()["error"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    pub fn fields(&self) -> Vec<String> {
        let violations = self.json()["error"]["field_violations"].as_array().cloned().unwrap_or_default();
        violations.iter().map(|violation| violation["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// The services behind: tonic's own server stack over a handful of methods.
fn services(seen: Arc<Mutex<Vec<HeaderMap>>>) -> Transport {
    let service = service_fn(move |request: Request<Body>| {
        seen.lock().unwrap().push(request.headers().clone());
        async move { Ok::<_, foundation::BoxError>(serve(request).await) }
    });
    foundation::transport(service)
}

async fn serve(request: Request<Body>) -> Response<Body> {
    match request.uri().path() {
        "/kolsai.identity.v1.Accounts/Register" => unary(request, register).await,
        "/kolsai.identity.v1.Accounts/GetProfile" => unary(request, |_: identity::GetProfileRequest| Ok(profile("Aigul"))).await,
        "/kolsai.identity.v1.Accounts/UpdateProfile" => unary(request, update_profile).await,
        "/kolsai.identity.v1.Accounts/Confirm" => {
            unary(request, |ask: identity::ConfirmRequest| link(&ask.token).map(|()| identity::ConfirmResponse {})).await
        }
        "/kolsai.identity.v1.Accounts/ResetPassword" => unary(request, reset_password).await,
        "/kolsai.learning.v1.Certificates/CheckCertificate" => unary(request, certificate).await,
        "/kolsai.identity.v1.Sessions/SignOut" => unary(request, |_: identity::SignOutRequest| Ok(identity::SignOutResponse {})).await,
        // As a library refuses that knows no details of ours.
        "/kolsai.identity.v1.Sessions/ListSessions" => {
            unary(request, |_: identity::ListSessionsRequest| -> Result<identity::ListSessionsResponse, _> {
                Err(Status::unavailable("the database is away"))
            })
            .await
        }
        "/kolsai.identity.v1.SigningKeys/ListSigningKeys" => unary(request, signing_keys).await,
        "/kolsai.identity.v1.Contacts/ResolveForMail" => {
            unary(request, |_: identity::ResolveForMailRequest| Ok(identity::MailContact::default())).await
        }
        "/kolsai.privacy.v1.Rights/GetReceipt" => unary(request, receipt).await,
        "/kolsai.privacy.v1.Rights/ListMyAccesses" => unary(request, accesses).await,
        "/kolsai.privacy.v1.Rights/CopyMyData" => copy_my_data(request).await,
        _ => Status::unimplemented("").into_http(),
    }
}

async fn unary<A, B>(request: Request<Body>, answer: impl Fn(A) -> Result<B, Status> + Clone + Send + Sync + 'static) -> Response<Body>
where
    A: prost::Message + Default + Send + 'static,
    B: prost::Message + Default + Send + 'static,
{
    let slow = request.headers().get("accept-language").is_some_and(|language| language == SLOW);
    let service = service_fn(move |request: tonic::Request<A>| {
        let answer = answer.clone();
        async move {
            if slow {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            answer(request.into_inner()).map(tonic::Response::new)
        }
    });
    tonic::server::Grpc::new(ProstCodec::<B, A>::default()).unary(service, request).await
}

fn register(ask: identity::RegisterRequest) -> Result<identity::RegisterResponse, Status> {
    if ask.password.len() < 12 {
        return Err(Refusal::invalid("PASSWORD_TOO_SHORT", "password", "12 characters at least").into());
    }
    // What the request said, as far as an answer can tell it.
    Ok(identity::RegisterResponse { link_ttl_seconds: u32::try_from(ask.consents.len() + ask.idempotency_key.len()).unwrap() })
}

/// The one good link is `link<>`; `used` was good once.
fn link(token: &str) -> Result<(), Status> {
    match token {
        "link<>" => Ok(()),
        "used" => Err(Refusal::precondition("LINK_USED", "this link was used before; ask for a new one").at_field("token").into()),
        "odd" => Err(Refusal::precondition("ODD", "this is <odd>").into()),
        _ => Err(Status::unknown("10.0.0.7:5432 says no")),
    }
}

fn reset_password(ask: identity::ResetPasswordRequest) -> Result<identity::ResetPasswordResponse, Status> {
    if ask.new_password != "a long phrase & more+" {
        return Err(Refusal::invalid("WEAK_PASSWORD", "new_password", "this password is easy to guess").into());
    }
    link(&ask.token).map(|()| identity::ResetPasswordResponse {})
}

fn certificate(ask: learning::CheckCertificateRequest) -> Result<learning::CheckedCertificate, Status> {
    if ask.number != "KLS-1" {
        return Err(Refusal::not_found("NO_SUCH_CERTIFICATE", "no certificate has this number").into());
    }
    let issued_at = "2026-11-22T20:00:00Z".parse().ok();
    Ok(learning::CheckedCertificate {
        number: ask.number,
        course_title: format!("<Light> {}", ask.language),
        issued_at,
        ..Default::default()
    })
}

fn profile(first_name: &str) -> identity::Profile {
    identity::Profile { first_name: first_name.to_owned(), age_bracket: identity::AgeBracket::Adult.into(), ..Default::default() }
}

fn update_profile(ask: identity::UpdateProfileRequest) -> Result<identity::Profile, Status> {
    let mask = ask.update_mask.unwrap_or_default().paths.join(",");
    Ok(identity::Profile { last_name: mask, ..ask.profile.unwrap_or_default() })
}

fn signing_keys(_: identity::ListSigningKeysRequest) -> Result<identity::ListSigningKeysResponse, Status> {
    Ok(identity::ListSigningKeysResponse { keys: vec![identity::SigningKey { key_id: "k1".into(), public_key: vec![7; 32] }] })
}

fn receipt(ask: privacy::GetReceiptRequest) -> Result<privacy::Receipt, Status> {
    if ask.token == "none" {
        return Err(Refusal::not_found("NO_SUCH_RECEIPT", "there is no such receipt").into());
    }
    Ok(privacy::Receipt { key_id: ask.token, state: privacy::receipt::State::Open.into(), ..Default::default() })
}

fn accesses(ask: privacy::ListMyAccessesRequest) -> Result<privacy::ListMyAccessesResponse, Status> {
    Ok(privacy::ListMyAccessesResponse { next_page_token: format!("{}+{}", ask.page_token, ask.page_size), ..Default::default() })
}

async fn copy_my_data(request: Request<Body>) -> Response<Body> {
    let service = service_fn(|_: tonic::Request<privacy::CopyMyDataRequest>| async {
        let parts = [("application/zip", &b"PK"[..]), ("", b"archive")];
        let parts = parts.map(|(content_type, data)| {
            Ok(HttpBody { content_type: content_type.to_owned(), data: data.to_vec(), extensions: Vec::new() })
        });
        Ok::<_, Status>(tonic::Response::new(tokio_stream::iter(parts)))
    });
    tonic::server::Grpc::new(ProstCodec::<HttpBody, privacy::CopyMyDataRequest>::default()).server_streaming(service, request).await
}
