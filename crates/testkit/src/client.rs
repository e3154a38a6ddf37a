//! A client that knows the public contract only: JSON over HTTPS, and gRPC over the same port.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the certificate authority at {path} cannot be used: {why}")]
    Authority { path: String, why: String },
    #[error("no answer: {0}")]
    NoAnswer(String),
}

#[derive(Clone)]
pub struct Client {
    base: String,
    authority: Vec<u8>,
    connector: HttpsConnector<HttpConnector>,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// `base` is `https://host:port`; `authority` the PEM file that signed its certificate.
    pub fn try_new(base: &str, authority: &Path) -> Result<Self, ClientError> {
        let wrong = |why: String| ClientError::Authority { path: authority.display().to_string(), why };
        let pem = std::fs::read(authority).map_err(|error| wrong(error.to_string()))?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|error| wrong(error.to_string()))?).map_err(|error| wrong(error.to_string()))?;
        }
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_all_versions().build();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), authority: pem, connector })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// A gRPC channel to the same gateway.
    #[allow(clippy::disallowed_methods, reason = "a client of the school, not a way out of it")]
    pub fn channel(&self) -> Result<Channel, ClientError> {
        let failed = |error: tonic::transport::Error| ClientError::NoAnswer(error.to_string());
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.authority));
        Ok(Endpoint::from_shared(self.base.clone()).map_err(failed)?.tls_config(tls).map_err(failed)?.connect_lazy())
    }

    #[allow(clippy::disallowed_methods, reason = "a client of the school, not a way out of it")]
    /// Any request. `path` begins with `/`, or is a whole `https://…` address of this school.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Answer, ClientError> {
        let uri = if path.starts_with("https://") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let failed = |error: &dyn std::error::Error| ClientError::NoAnswer(chain(error));
        let request = request.body(Full::new(body)).map_err(|error| failed(&error))?;
        // A connection per request: each test has a runtime of its own, and a connection ends with the runtime that opened it.
        let http: Hyper<_, Full<Bytes>> = Hyper::builder(TokioExecutor::new()).build(self.connector.clone());
        let answer = http.request(request).await.map_err(|error| failed(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// Writes an answer into a file as it comes, however large it is; how many bytes there were.
    #[allow(clippy::disallowed_methods, reason = "a client of the school, not a way out of it")]
    pub async fn save(&self, path: &str, token: &str, file: &Path) -> Result<u64, ClientError> {
        use tokio::io::AsyncWriteExt;
        let failed = |error: &dyn std::error::Error| ClientError::NoAnswer(chain(error));
        let request = Request::get(format!("{}{path}", self.base)).header("authorization", format!("Bearer {token}"));
        let request = request.body(Full::new(Bytes::new())).map_err(|error| failed(&error))?;
        let http: Hyper<_, Full<Bytes>> = Hyper::builder(TokioExecutor::new()).build(self.connector.clone());
        let answer = http.request(request).await.map_err(|error| failed(&error))?;
        if !answer.status().is_success() {
            return Err(ClientError::NoAnswer(answer.status().to_string()));
        }
        let mut file = tokio::fs::File::create(file).await.map_err(|error| failed(&error))?;
        let (mut body, mut bytes) = (answer.into_body(), 0);
        while let Some(frame) = body.frame().await {
            let Ok(part) = frame.map_err(|error| failed(&error))?.into_data() else { continue };
            bytes += part.len() as u64;
            file.write_all(&part).await.map_err(|error| failed(&error))?;
        }
        file.flush().await.map_err(|error| failed(&error))?;
        Ok(bytes)
    }

    async fn json(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Result<Answer, ClientError> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.map(|body| Bytes::from(body.to_string())).unwrap_or_default()).await
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, ClientError> {
        self.json(Method::GET, path, token, None).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Result<Answer, ClientError> {
        self.json(Method::POST, path, token, Some(body)).await
    }

    pub async fn patch(&self, path: &str, token: Option<&str>, body: Value) -> Result<Answer, ClientError> {
        self.json(Method::PATCH, path, token, Some(body)).await
    }

    pub async fn delete(&self, path: &str, token: Option<&str>) -> Result<Answer, ClientError> {
        self.json(Method::DELETE, path, token, None).await
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The reason of a typed error.
    pub fn reason(&self) -> String {
        self.json()["error"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// The first field that a typed error names.
    pub fn field(&self) -> String {
        self.json()["error"]["field_violations"][0]["field"].as_str().unwrap_or_default().to_owned()
    }

    pub fn trace_id(&self) -> String {
        self.headers.get("x-trace-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// The JSON of a success; a panic with the whole answer otherwise.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The bytes of a success; a panic with the whole answer otherwise.
    #[track_caller]
    pub fn ok_bytes(self) -> Bytes {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.body
    }

    /// The typed error of a refusal; a panic when it is none.
    #[track_caller]
    pub fn refused(self) -> Self {
        assert!(
            !self.status.is_success(),
            "this was to be refused, and was answered {} {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        assert!(!self.reason().is_empty(), "a refusal has a reason: {}", String::from_utf8_lossy(&self.body));
        self
    }
}
