//! Names in certificates: SPIFFE IDs (SPIFFE-ID 2, X509-SVID 2).

use std::sync::Arc;

use rustls::{CertificateError, OtherError, pki_types::CertificateDer};
use webpki::EndEntityCert;

/// Longer names are none of ours.
const LONGEST: usize = 63;

/// Why a certificate names nobody.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoName {
    #[error("it cannot be read as an X.509 certificate")]
    Unreadable,
    #[error("it has {0} URIs among its subject alternative names, and must have exactly one")]
    Uris(usize),
    #[error("its URI is not `spiffe://{domain}/<service>`")]
    Other { domain: String },
    #[error("it is that of `{found}`, and not of `{expected}`")]
    Another { found: String, expected: String },
}

impl NoName {
    pub(super) fn into_tls(self) -> rustls::Error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(self))))
    }
}

/// The URI of a name.
pub fn uri(domain: &str, name: &str) -> String {
    format!("spiffe://{domain}/{name}")
}

/// Whether a name may stand in a certificate: lower case, digits and hyphens.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whom a certificate names: exactly one URI, `spiffe://<trust domain>/<name>`. Its chain is checked elsewhere.
pub(super) fn name_in(certificate: &CertificateDer<'_>, domain: &str) -> Result<String, NoName> {
    let parsed = EndEntityCert::try_from(certificate).map_err(|_| NoName::Unreadable)?;
    let uris: Vec<&str> = parsed.valid_uri_names().collect();
    let [uri] = uris.as_slice() else { return Err(NoName::Uris(uris.len())) };
    let name = uri.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain)).and_then(|rest| rest.strip_prefix('/'));
    name.filter(|name| is_name(name)).map(str::to_owned).ok_or_else(|| NoName::Other { domain: domain.to_owned() })
}

/// That a certificate names whom it should.
pub(super) fn is_of(certificate: &CertificateDer<'_>, domain: &str, expected: &str) -> Result<(), NoName> {
    let found = name_in(certificate, domain)?;
    if found == expected { Ok(()) } else { Err(NoName::Another { found, expected: expected.to_owned() }) }
}
