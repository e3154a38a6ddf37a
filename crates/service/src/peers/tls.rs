//! Mutual TLS 1.3: the chain by the authority, the name by the SPIFFE URI. Host names say nothing here: replicas come and go.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::spiffe;

/// HTTP/2 and nothing else.
const ALPN: &[u8] = b"h2";

/// Named here, so that another provider in the same process changes nothing.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}

/// That a chain is signed by the authority, for servers, at this time.
pub(super) fn signed_for_servers(chain: &[CertificateDer<'_>], authority: &RootCertStore, at: UnixTime) -> Result<(), rustls::Error> {
    let (end_entity, intermediates) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
    let parsed = ParsedCertificate::try_from(end_entity)?;
    verify_server_cert_signed_by_trust_anchor(&parsed, authority, intermediates, at, algorithms().all)
}

/// The same for clients.
pub(super) fn signed_for_clients(chain: &[CertificateDer<'_>], authority: &Arc<RootCertStore>, at: UnixTime) -> Result<(), rustls::Error> {
    let (end_entity, intermediates) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
    clients(authority)?.verify_client_cert(end_entity, intermediates, at).map(drop)
}

fn clients(authority: &Arc<RootCertStore>) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
    WebPkiClientVerifier::builder_with_provider(authority.clone(), provider())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

/// What a listener shows and demands.
pub(super) fn server(own: Arc<CertifiedKey>, authority: &Arc<RootCertStore>, domain: &str) -> Result<ServerConfig, rustls::Error> {
    let verifier = AnyPeer { chain: clients(authority)?, domain: domain.to_owned() };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would carry a certificate that nobody has looked at since.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What a client shows, and whom it wants to find.
pub(super) fn client(
    own: Arc<CertifiedKey>,
    authority: &Arc<RootCertStore>,
    domain: &str,
    expected: &str,
) -> Result<ClientConfig, rustls::Error> {
    let verifier = ThisService { authority: authority.clone(), domain: domain.to_owned(), expected: expected.to_owned() };
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// A client whose chain is the authority's and whose certificate names somebody of our trust domain.
#[derive(Debug)]
struct AnyPeer {
    chain: Arc<dyn ClientCertVerifier>,
    domain: String,
}

impl ClientCertVerifier for AnyPeer {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        spiffe::name_in(end_entity, &self.domain).map_err(spiffe::NoName::into_tls)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// A server whose chain is the authority's and whose certificate names the service that is meant.
#[derive(Debug)]
struct ThisService {
    authority: Arc<RootCertStore>,
    domain: String,
    expected: String,
}

impl ServerCertVerifier for ThisService {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.authority, intermediates, now, algorithms().all)?;
        spiffe::is_of(end_entity, &self.domain, &self.expected).map_err(spiffe::NoName::into_tls)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}
