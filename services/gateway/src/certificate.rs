//! The certificate: the operator's own, or one for localhost that development makes and keeps.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use foundation::{Clock, Mode, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{Config, InitError};

const AUTHORITY: &str = "dev-ca.pem";
const CERTIFICATE: &str = "localhost.pem";
const KEY: &str = "localhost.key";

const DAY: Duration = Duration::from_secs(86_400);
/// Clients refuse certificates that run much longer than a year.
const LIFETIME: Duration = Duration::from_secs(390 * 86_400);
/// A certificate this old is made anew at the next start.
const RENEWED_AFTER: Duration = Duration::from_secs(300 * 86_400);

/// TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1.
pub(crate) fn server_config(config: &Config, mode: Mode, clock: &Clock) -> Result<ServerConfig, InitError> {
    let (certificate, key) = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) if mode == Mode::Production => return Err(InitError::NoCertificate),
        (None, None) => {
            let folder = &config.certificate_folder;
            if !is_current(folder, clock.now()) {
                generate(folder, clock.now())?;
            }
            (folder.join(CERTIFICATE), folder.join(KEY))
        }
        _ => return Err(InitError::HalfACertificate),
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| InitError::Pem { path: certificate, cause })?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|cause| InitError::Pem { path: key, cause })?;

    // The provider is named here, so that another one in the same process changes nothing.
    let mut tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

/// Whether all three files are there and young enough.
fn is_current(folder: &Path, now: Timestamp) -> bool {
    [AUTHORITY, CERTIFICATE, KEY].iter().all(|name| {
        let made = fs::metadata(folder.join(name)).and_then(|file| file.modified());
        let made = made.ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        made.is_some_and(|made| now.since(Timestamp::from_micros(0).plus(made)) < RENEWED_AFTER)
    })
}

/// Makes an authority and a certificate for localhost. The authority's key is kept nowhere: it can sign nothing else.
fn generate(folder: &Path, now: Timestamp) -> Result<(), InitError> {
    let born = now.since(Timestamp::from_micros(0)).saturating_sub(DAY);
    let not_before = rcgen::date_time_ymd(1970, 1, 1) + born;
    let not_after = not_before + LIFETIME;

    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "Kolsai development authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (authority.not_before, authority.not_after) = (not_before, not_after);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut leaf = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (leaf.not_before, leaf.not_after) = (not_before, not_after);
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;

    let keep = || {
        fs::create_dir_all(folder)?;
        write(&folder.join(KEY), &key.serialize_pem(), 0o600)?;
        write(&folder.join(CERTIFICATE), &certificate.pem(), 0o644)?;
        write(&folder.join(AUTHORITY), &authority_certificate.pem(), 0o644)
    };
    keep().map_err(|source: io::Error| InitError::CertificateFolder { path: folder.to_owned(), source })
}

/// Writes beside and renames, so that a reader sees the old file or the new one, and the mode holds from the first byte.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config(folder: &Path) -> Config {
        Config { certificate_folder: folder.to_owned(), ..Config::default() }
    }

    #[test]
    fn development_makes_a_certificate_once() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system(Mode::Development);
        let config = config(&folder.path().join("new"));
        server_config(&config, Mode::Development, &clock).unwrap();
        let first = fs::read(config.certificate_folder.join(AUTHORITY)).unwrap();
        let mode = fs::metadata(config.certificate_folder.join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        server_config(&config, Mode::Development, &clock).unwrap();
        assert_eq!(fs::read(config.certificate_folder.join(AUTHORITY)).unwrap(), first);

        clock.advance(RENEWED_AFTER + DAY);
        server_config(&config, Mode::Development, &clock).unwrap();
        assert_ne!(fs::read(config.certificate_folder.join(AUTHORITY)).unwrap(), first);
    }

    #[test]
    fn production_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system(Mode::Production);
        let mut config = config(folder.path());
        assert!(matches!(server_config(&config, Mode::Production, &clock), Err(InitError::NoCertificate)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        config.tls.certificate = Some(folder.path().join("own.pem"));
        assert!(matches!(server_config(&config, Mode::Production, &clock), Err(InitError::HalfACertificate)));
        config.tls.key = Some(folder.path().join("own.key"));
        assert!(matches!(server_config(&config, Mode::Production, &clock), Err(InitError::Pem { .. })));
    }
}
