//! Partners over HTTPS: a declared recipient at one address, and nowhere else.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use contract::{Class, Purpose};
use foundation::{BoxError, Mode, PersonId, failpoint};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{Egress, Error, Recipient, loopback::is_loopback};

/// Until a connection stands; after it, a partner may have got what was sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until a partner's whole answer is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that an answer may be, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

pub(crate) type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The client, checking certificates against one PEM file or the system's authorities.
pub(crate) fn client(trusted_ca: Option<&Path>) -> Result<Client, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.map_err(|error| Error::Authorities(error.into()))?;
    let tls = match trusted_ca {
        None => tls.with_native_roots().map_err(|error| Error::Authorities(error.into()))?,
        Some(file) => tls.with_root_certificates(authorities(file).map_err(Error::Authorities)?),
    };
    // Plain HTTP is possible here and refused where a partner's address is read.
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth()).https_or_http().enable_all_versions();
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain.set_connect_timeout(Some(CONNECT_TIMEOUT));
    #[expect(clippy::disallowed_methods, reason = "this is the way out")]
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    // A request is sent again only by whoever knows its id.
    Ok(builder.retry_canceled_requests(false).build(connector.wrap_connector(plain)))
}

fn authorities(file: &Path) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("the file holds no certificate".into()) } else { Ok(roots) }
}

/// A declared recipient at its address.
#[derive(Clone)]
pub struct Partner {
    egress: Egress,
    recipient: &'static Recipient,
    base: Uri,
}

/// What a call to a partner is, and what it carries.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Stable: the register's entry and the `Idempotency-Key` header of every attempt.
    pub id: Uuid,
    /// Path and query under the partner's address, beginning with `/`. Holds no personal data: paths are logged everywhere.
    pub path: &'a str,
    pub purpose: Purpose,
    /// The classes of everything that the call carries.
    pub classes: &'a [Class],
    pub subject: Option<PersonId>,
    /// Further headers, e.g. a signature over the body.
    pub headers: &'a [(HeaderName, HeaderValue)],
}

/// What a partner answered, whatever its status; redirects are not followed.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    recipient: &'static str,
}

impl Answer {
    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|cause| Error::Answer { recipient: self.recipient, cause })
    }
}

impl Egress {
    /// A declared recipient at `address`, e.g. `https://pay.example.kz/api`.
    pub fn http(&self, recipient: &str, address: &str) -> Result<Partner, Error> {
        let recipient = self.recipient(recipient)?;
        let wrong = || Error::PartnerAddress(recipient.name);
        let base: Uri = address.parse().map_err(|_| wrong())?;
        let host = base.host().ok_or_else(wrong)?;
        let allowed = match base.scheme_str() {
            Some("https") => true,
            Some("http") => self.shared.mode == Mode::Development && is_loopback(host),
            _ => false,
        };
        if !allowed || base.query().is_some() {
            return Err(wrong());
        }
        Ok(Partner { egress: self.clone(), recipient, base })
    }
}

impl Partner {
    pub async fn get(&self, call: Call<'_>) -> Result<Answer, Error> {
        self.send(Method::GET, call, Bytes::new()).await
    }

    pub async fn post_json(&self, call: Call<'_>, body: &(impl Serialize + Sync)) -> Result<Answer, Error> {
        self.post(call, serde_json::to_vec(body).map_err(Error::Json)?.into()).await
    }

    /// Posts bytes that are JSON already, for calls that are signed over their exact bytes.
    pub async fn post(&self, call: Call<'_>, json: Bytes) -> Result<Answer, Error> {
        self.send(Method::POST, call, json).await
    }

    async fn send(&self, method: Method, call: Call<'_>, body: Bytes) -> Result<Answer, Error> {
        let request = self.request(method, &call, body)?;
        self.egress.pass(call.id, self.recipient, call.purpose, call.classes, call.subject).await?;
        failpoint::at("egress", "http.before");
        let answer = self.answered(request).await?;
        failpoint::at("egress", "http.after");
        Ok(answer)
    }

    fn request(&self, method: Method, call: &Call<'_>, body: Bytes) -> Result<Request<Full<Bytes>>, Error> {
        if !call.path.starts_with('/') || call.path.starts_with("//") || call.path.split(['/', '?']).any(|part| part == "..") {
            return Err(Error::Path);
        }
        let mut parts = uri::Parts::default();
        parts.scheme = self.base.scheme().cloned();
        parts.authority = self.base.authority().cloned();
        let path = format!("{}{}", self.base.path().trim_end_matches('/'), call.path);
        parts.path_and_query = Some(path.parse().map_err(|_| Error::Path)?);
        let uri = Uri::from_parts(parts).map_err(|_| Error::Path)?;
        let mut request = Request::builder().method(&method).uri(uri).header(header::ACCEPT, "application/json");
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/json").header("idempotency-key", call.id.to_string());
        }
        let mut request = request.body(Full::new(body)).map_err(|_| Error::Path)?;
        // What the call says itself stands for what is said of every call.
        for (name, value) in call.headers {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(request)
    }

    async fn answered(&self, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
        let recipient = self.recipient.name;
        let exchange = async {
            let response = self.egress.shared.client.request(request).await.map_err(|error| match error.is_connect() {
                true => Error::NotReached { recipient, cause: error.into() },
                false => Error::NotAnswered { recipient, cause: error.into() },
            })?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LARGEST_ANSWER).collect().await;
            let body = body.map_err(|cause| Error::NotAnswered { recipient, cause })?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body, recipient })
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(answer) => answer,
            Err(late) => Err(Error::NotAnswered { recipient, cause: late.into() }),
        }
    }
}
