//! The S3 client, alike for both engines.

use std::{path::Path, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use foundation::BoxError;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{Error, S3Settings};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);
/// Until the head of one attempt's answer is there; an upload of the largest object fits in it.
const ATTEMPT: Duration = Duration::from_secs(60);
/// For all attempts of an operation together.
const OPERATION: Duration = Duration::from_secs(90);

/// The client of a store. `endpoint` is the host that requests are signed for.
pub(crate) fn client(settings: &S3Settings, endpoint: &str) -> Result<Client, Error> {
    let mut http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    if let Some(file) = &settings.authority {
        http = http.tls_context(trusting(file).ok_or_else(|| Error::Authority(file.clone()))?);
    }
    let http = http.build_https();
    let credentials = Credentials::new(&settings.access_key, &settings.secret_key, None, None, "kolsai-settings");
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .http_client(http)
        .timeout_config(timeouts)
        // Every operation here is the same when done twice: a put is of one key's whole content, a delete is of what may be gone.
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        // Not every S3 knows the newer checksums; the body is signed, and what matters is sealed.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .force_path_style(true)
        .build();
    Ok(Client::from_conf(config))
}

/// Trusts the authority in this file and no other. What the client would choke on later is refused here.
fn trusting(file: &Path) -> Option<TlsContext> {
    let pem = std::fs::read(file).ok()?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    if roots.is_empty() {
        return None;
    }
    TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build().ok()
}

/// Reads an SDK error: a missing object, a refusal with its S3 code, or no answer.
pub(crate) fn failed<E>(operation: &'static str, error: SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.as_service_error().and_then(|service| service.code()), status) {
        (Some("NoSuchKey" | "NotFound"), _) => Error::NoSuchObject,
        (Some("InvalidRange"), _) | (_, Some(416)) => Error::Range,
        // An answer to HEAD has no body, so no code.
        (None, Some(404)) => Error::NoSuchObject,
        (_, Some(500..)) | (_, None) => Error::Unreachable { operation, cause: cause(&error) },
        (code, Some(status)) => Error::Refused { operation, code: code.map_or_else(|| status.to_string(), str::to_owned) },
    }
}

fn cause(error: &(impl std::error::Error + Send + Sync + 'static)) -> BoxError {
    DisplayErrorContext(error).to_string().into()
}
