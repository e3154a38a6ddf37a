//! `kolsai health`: the probe of a running process, for an orchestrator.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use contract::Contract;
use kolsai::{DEFAULTS, gateway_config};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use service::{Question, Settings, probe, settings::GATEWAY};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

#[derive(Args)]
pub struct Health {
    /// The service that is asked, or `gateway`; every one that listens by these settings when none is named.
    service: Option<String>,
    /// Has it started?
    #[arg(long, group = "question")]
    startup: bool,
    /// Does it answer at all?
    #[arg(long, group = "question")]
    live: bool,
    /// May it get traffic? The question when none is said.
    #[arg(long, group = "question")]
    ready: bool,
    /// Seconds until an answer is due.
    #[arg(long, default_value_t = 3)]
    within: u64,
}

impl Health {
    /// One line and the exit code: 0 when all is well.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime cannot be made")?;
        runtime.block_on(self.ask()).map_err(|error| anyhow!("{error:#}"))
    }

    async fn ask(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        let question = match (self.startup, self.live) {
            (true, _) => Question::Startup,
            (_, true) => Question::Live,
            _ => Question::Ready,
        };
        let services = Contract::get().services();
        let asked: Vec<&'static str> = match &self.service {
            Some(name) if name == GATEWAY => vec![GATEWAY],
            Some(name) => {
                let known = services.iter().find(|known| *known == name);
                vec![known.with_context(|| format!("`{name}` is no service: ask for gateway, {}", list(services)))?]
            }
            None if settings.peers.listen.is_empty() => vec![GATEWAY],
            None => services.iter().map(String::as_str).filter(|name| settings.peers.listen.contains_key(*name)).collect(),
        };
        let within = Duration::from_secs(self.within);
        for service in &asked {
            match *service {
                GATEWAY => {
                    let answer = tokio::time::timeout(within, gateway(&settings, question)).await;
                    answer.map_err(|_| anyhow!("the gateway does not answer: nothing within {} s", self.within))??;
                }
                service => probe(&settings, service, question, within).await?,
            }
        }
        let word = match question {
            Question::Startup => "started",
            Question::Live => "alive",
            Question::Ready => "ready",
        };
        say!("{}: {word}", asked.join(", "));
        Ok(())
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().cloned().collect::<Vec<_>>().join(", ")
}

/// Over its own TLS: whoever shows the certificate that stands in its file is the gateway.
pub(super) async fn gateway(settings: &Settings, question: Question) -> anyhow::Result<()> {
    let config = gateway_config(settings)?;
    let file = config.tls.certificate.clone().unwrap_or_else(|| config.certificate_folder.join("localhost.pem"));
    let path = if question == Question::Ready { "/readyz" } else { "/healthz" };
    let (status, text) = get(reachable(config.listen), &file, path).await.context("the gateway does not answer")?;
    if status == 200 {
        return Ok(());
    }
    bail!("the gateway is not well: {}", text.trim())
}

pub(super) async fn get(address: SocketAddr, certificate: &Path, path: &str) -> anyhow::Result<(u16, String)> {
    let shown = CertificateDer::pem_file_iter(certificate)
        .and_then(|mut all| all.next().unwrap_or(Err(rustls::pki_types::pem::Error::NoItemsFound)))
        .with_context(|| format!("{} cannot be read", certificate.display()))?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ThisOne(shown)))
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    if let Err(error) = stream.take(LONGEST).read_to_end(&mut answer).await
        && error.kind() != io::ErrorKind::UnexpectedEof
    {
        return Err(error.into());
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).context("this is no answer of HTTP")?;
    let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, text.to_owned()))
}

/// Answers to probes are short.
const LONGEST: u64 = 64 * 1024;

fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(at) if at.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], at.port())),
        SocketAddr::V6(at) if at.ip().is_unspecified() => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, at.port())),
        _ => listen,
    }
}

/// Exactly this certificate, whoever signed it for whatever name: it is the file that the gateway was given.
#[derive(Debug)]
struct ThisOne(CertificateDer<'static>);

impl ServerCertVerifier for ThisOne {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.0 {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &ring::default_provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &ring::default_provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
