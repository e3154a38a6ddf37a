//! Who may scrape, and how what was scraped looks.

use std::{path::Path, sync::Arc, time::Duration};

use foundation::{Clock, Mode};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Listening, MetricsError, listen};
use crate::{
    engines::Engines,
    peers::authority::DevelopmentAuthority,
    settings::{Environment, Settings},
};

const LIFE: Duration = Duration::from_secs(3_600);

async fn engines(folder: &Path, further: &[(&str, &str)]) -> Engines {
    let data = folder.join("data").display().to_string();
    let certificates = folder.join("certificates").display().to_string();
    let mut pairs = vec![("KOLSAI_DATA", data.as_str()), ("KOLSAI__PEERS__CERTIFICATES", certificates.as_str())];
    pairs.push(("KOLSAI__TELEMETRY__METRICS_LISTEN", "127.0.0.1:0"));
    pairs.retain(|(name, _)| !further.iter().any(|(other, value)| other == name && value.is_empty()));
    pairs.extend(further.iter().filter(|(_, value)| !value.is_empty()));
    let environment = Environment::of(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    Engines::open(Settings::load_from(&[], environment).unwrap()).await.unwrap()
}

/// A listener of identity's, and certificates for two clients.
async fn stage() -> (tempfile::TempDir, Listening) {
    let folder = tempfile::tempdir().unwrap();
    let authority =
        DevelopmentAuthority::open(&folder.path().join("certificates"), "kolsai", Clock::system(Mode::Development).now()).unwrap();
    for name in ["identity", "prometheus", "learning"] {
        authority.issue(name, LIFE).unwrap();
    }
    let engines = engines(folder.path(), &[]).await;
    let listening = listen(&engines, "identity").await.unwrap().expect("it listens");
    (folder, listening)
}

/// The status of `GET <path>`, if there is an answer at all; `client` names the certificate that is shown.
async fn get(listening: &Listening, folder: &Path, client: Option<&str>, path: &str) -> Option<String> {
    let certificates = folder.join("certificates");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.join("identity/ca.crt")).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let chain = CertificateDer::pem_file_iter(certificates.join(name).join("tls.crt")).unwrap().map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_file(certificates.join(name).join("tls.key")).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let server = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(server, stream).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    String::from_utf8_lossy(&answer).split_whitespace().nth(1).map(str::to_owned)
}

#[tokio::test]
async fn only_who_is_named_may_scrape() {
    let (folder, listening) = stage().await;
    // Nothing is measured in this process; who may see that, sees that.
    let seen = get(&listening, folder.path(), Some("prometheus"), "/metrics").await;
    assert!(matches!(seen.as_deref(), Some("200" | "503")), "{seen:?}");
    assert_eq!(get(&listening, folder.path(), Some("prometheus"), "/").await.as_deref(), Some("404"));
    assert_eq!(get(&listening, folder.path(), Some("learning"), "/metrics").await.as_deref(), Some("403"));
    assert_eq!(get(&listening, folder.path(), None, "/metrics").await, None, "without a certificate there is no answer");
}

#[tokio::test]
async fn without_a_setting_nothing_listens_and_without_a_certificate_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let silent = engines(folder.path(), &[("KOLSAI__TELEMETRY__METRICS_LISTEN", "")]).await;
    assert!(listen(&silent, "identity").await.unwrap().is_none());
    let bare = engines(folder.path(), &[("KOLSAI__PEERS__CERTIFICATES", "")]).await;
    let refused = listen(&bare, "identity").await.err().expect("there is no certificate of the gateway either");
    assert!(matches!(refused, MetricsError::Development(_)), "{refused}");
}
