//! The certificate: the operator's own, or one for localhost that development makes and keeps.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use foundation::{Clock, Mode, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::time::sleep;

use crate::{Config, InitError};

const AUTHORITY: &str = "dev-ca.pem";
const CERTIFICATE: &str = "localhost.pem";
const KEY: &str = "localhost.key";

const DAY: Duration = Duration::from_secs(86_400);
/// Clients refuse certificates that run much longer than a year.
const LIFETIME: Duration = Duration::from_secs(390 * 86_400);
/// A certificate this old is made anew at the next start.
const RENEWED_AFTER: Duration = Duration::from_secs(300 * 86_400);

/// How often the files are looked at: whoever renews a certificate writes them anew.
const LOOK: Duration = Duration::from_secs(2);

/// What the gateway shows: the newest certificate that could be read.
pub(crate) struct Certificate {
    files: (PathBuf, PathBuf),
    current: RwLock<Arc<ServerConfig>>,
}

impl Certificate {
    pub(crate) fn open(config: &Config, mode: Mode, clock: &Clock) -> Result<Self, InitError> {
        let files = files(config, mode, clock)?;
        let current = RwLock::new(Arc::new(server_config(&files)?));
        Ok(Self { files, current })
    }

    /// For the next connection.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again when they have changed; what is half written leaves the former one in use. Never ends.
    pub(crate) async fn follow(&self) {
        let mut seen = stamp(&self.files);
        let mut told = seen;
        loop {
            sleep(LOOK).await;
            let now = stamp(&self.files);
            if now == seen {
                continue;
            }
            match server_config(&self.files) {
                Ok(config) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                    (seen, told) = (now, now);
                    tracing::info!("the gateway's certificate was read again and is in use");
                }
                // It is tried again: the other file may be on its way.
                Err(error) if told != now => {
                    told = now;
                    tracing::error!(%error, alarm = "CERTIFICATE_UNUSABLE", "the gateway's former certificate stays in use");
                }
                Err(_) => {}
            }
        }
    }
}

/// Time, length and inode of both files.
type Stamp = [Option<(i64, i64, u64, u64)>; 2];

fn stamp(files: &(PathBuf, PathBuf)) -> Stamp {
    [&files.0, &files.1].map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((file.mtime(), file.mtime_nsec(), file.len(), file.ino()))
    })
}

/// Certificate and key: the operator's own, or those that development has made by now.
fn files(config: &Config, mode: Mode, clock: &Clock) -> Result<(PathBuf, PathBuf), InitError> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => Ok((certificate.clone(), key.clone())),
        (None, None) if mode == Mode::Production => Err(InitError::NoCertificate),
        (None, None) => {
            let folder = &config.certificate_folder;
            if !is_current(folder, clock.now()) {
                generate(folder, clock.now())?;
            }
            Ok((folder.join(CERTIFICATE), folder.join(KEY)))
        }
        _ => Err(InitError::HalfACertificate),
    }
}

/// TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1.
fn server_config((certificate, key): &(PathBuf, PathBuf)) -> Result<ServerConfig, InitError> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| InitError::Pem { path: certificate.clone(), cause })?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|cause| InitError::Pem { path: key.clone(), cause })?;

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
        Certificate::open(&config, Mode::Development, &clock).unwrap();
        let first = fs::read(config.certificate_folder.join(AUTHORITY)).unwrap();
        let mode = fs::metadata(config.certificate_folder.join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        Certificate::open(&config, Mode::Development, &clock).unwrap();
        assert_eq!(fs::read(config.certificate_folder.join(AUTHORITY)).unwrap(), first);

        clock.advance(RENEWED_AFTER + DAY);
        Certificate::open(&config, Mode::Development, &clock).unwrap();
        assert_ne!(fs::read(config.certificate_folder.join(AUTHORITY)).unwrap(), first);
    }

    #[test]
    fn production_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system(Mode::Production);
        let mut config = config(folder.path());
        assert!(matches!(Certificate::open(&config, Mode::Production, &clock), Err(InitError::NoCertificate)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        config.tls.certificate = Some(folder.path().join("own.pem"));
        assert!(matches!(Certificate::open(&config, Mode::Production, &clock), Err(InitError::HalfACertificate)));
        config.tls.key = Some(folder.path().join("own.key"));
        assert!(matches!(Certificate::open(&config, Mode::Production, &clock), Err(InitError::Pem { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewed_certificate_is_taken_up_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system(Mode::Development);
        let config = config(folder.path());
        let certificate = Arc::new(Certificate::open(&config, Mode::Development, &clock).unwrap());
        let first = certificate.current();
        let own = certificate.clone();
        let follower = tokio::spawn(async move { own.follow().await });
        sleep(LOOK * 2).await;
        assert!(Arc::ptr_eq(&first, &certificate.current()));

        fs::write(folder.path().join(CERTIFICATE), "half a certific").unwrap();
        sleep(LOOK * 2).await;
        assert!(Arc::ptr_eq(&first, &certificate.current()), "the former one stays in use");

        generate(folder.path(), clock.now()).unwrap();
        sleep(LOOK * 2).await;
        assert!(!Arc::ptr_eq(&first, &certificate.current()));
        follower.abort();
    }
}
