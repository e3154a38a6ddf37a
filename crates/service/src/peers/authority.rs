//! The development authority: certificates for the services, the engines and the clients of a school on one machine. Production has
//! cert-manager, or whoever else keeps its authority.

use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use foundation::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    string::Ia5String,
};
use rustls::pki_types::UnixTime;

use super::{
    certificates::{AUTHORITY, CERTIFICATE, KEY, authority_in, chain_in},
    spiffe, tls,
};

/// Kept, so that certificates can be made anew and further clients be given one.
const AUTHORITY_KEY: &str = "ca.key";
/// Servers beside the services. They have a certificate for their names, and no SPIFFE URI: a peer they are not.
pub const ENGINES: &[&str] = &["postgres", "nats", "redis", "s3", "otlp"];

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * 24 * 3600);
/// Clients refuse certificates that run much longer than a year.
pub const LIFE: Duration = Duration::from_secs(390 * 24 * 3600);
/// A certificate that is good for so long still is kept.
const KEPT_IF_GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// Clocks differ.
const BEFORE: Duration = Duration::from_secs(60);

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{} cannot be written: {source}; name a folder that can", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} cannot be read: {source}; restore it, or begin in an empty folder", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{0}` is no name for a certificate: 1 to 63 of a-z, 0-9 and `-`")]
    Name(String),
    #[error("the certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// An authority in a folder: `ca.crt`, `ca.key`, and a folder per certificate.
pub struct DevelopmentAuthority {
    folder: PathBuf,
    domain: String,
    now: Timestamp,
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl DevelopmentAuthority {
    /// Opens the authority of a folder, or makes one there. `now` is when certificates begin.
    pub fn open(folder: &Path, domain: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let (certificate, key) = (folder.join(AUTHORITY), folder.join(AUTHORITY_KEY));
        let params = authority(now)?;
        if key.exists() {
            let read = |path: &Path| fs::read_to_string(path).map_err(|source| AuthorityError::Read { path: path.to_owned(), source });
            let (certificate, key) = (read(&certificate)?, KeyPair::from_pem(&read(&key)?)?);
            // An issuer is its name and its key, and the name is always the same.
            let issuer = Issuer::new(params, key);
            return Ok(Self { folder: folder.to_owned(), domain: domain.to_owned(), now, issuer, certificate });
        }
        let pair = KeyPair::generate()?;
        let made = params.self_signed(&pair)?.pem();
        private_folder(folder)?;
        write(&key, &pair.serialize_pem(), 0o600)?;
        write(&certificate, &made, 0o644)?;
        Ok(Self { folder: folder.to_owned(), domain: domain.to_owned(), now, issuer: Issuer::new(params, pair), certificate: made })
    }

    /// Whether the certificate under a name needs none made anew.
    pub fn is_good(&self, name: &str) -> bool {
        let folder = self.folder.join(name);
        let good = || {
            let authority = Arc::new(authority_in(&folder.join(AUTHORITY)).ok()?);
            let chain = chain_in(&folder.join(CERTIFICATE)).ok()?;
            let at = self.now.since(Timestamp::from_micros(0)) + KEPT_IF_GOOD_FOR;
            tls::signed_for_servers(&chain, &authority, UnixTime::since_unix_epoch(at)).ok()?;
            if !ENGINES.contains(&name) {
                spiffe::is_of(chain.first()?, &self.domain, name).ok()?;
            }
            let ours = fs::read_to_string(folder.join(AUTHORITY)).ok()? == self.certificate;
            (ours && folder.join(KEY).exists()).then_some(())
        };
        good().is_some()
    }

    /// Writes `<folder>/<name>/{ca.crt,tls.crt,tls.key}`: for a service or a client with its SPIFFE URI, for an engine with its
    /// names. A process that uses the former one takes the new one up by itself.
    pub fn issue(&self, name: &str, valid_for: Duration) -> Result<PathBuf, AuthorityError> {
        if !spiffe::is_name(name) {
            return Err(AuthorityError::Name(name.to_owned()));
        }
        let mut leaf = CertificateParams::new(["localhost".to_owned(), name.to_owned()])?;
        leaf.subject_alt_names.extend([IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(SanType::IpAddress));
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if !ENGINES.contains(&name) {
            leaf.subject_alt_names.push(SanType::URI(Ia5String::try_from(spiffe::uri(&self.domain, name))?));
            leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        leaf.distinguished_name.push(DnType::CommonName, name);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        date(&mut leaf, self.now, BEFORE, valid_for);
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &self.issuer)?;
        let folder = self.folder.join(name);
        private_folder(&folder)?;
        // In this order a reader in between finds a key that does not fit, and keeps what it has.
        write(&folder.join(AUTHORITY), &self.certificate, 0o644)?;
        write(&folder.join(KEY), &key.serialize_pem(), 0o600)?;
        write(&folder.join(CERTIFICATE), &certificate.pem(), 0o644)?;
        Ok(folder)
    }
}

fn authority(now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Kolsai development authority of the services");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    date(&mut params, now, DAY, AUTHORITY_LIFE);
    Ok(params)
}

/// From a moment ago until then.
fn date(params: &mut CertificateParams, now: Timestamp, before: Duration, after: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = now.since(Timestamp::from_micros(0));
    params.not_before = epoch + now.saturating_sub(before);
    params.not_after = epoch + now + after;
}

fn private_folder(path: &Path) -> Result<(), AuthorityError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| AuthorityError::Write { path: path.to_owned(), source })
}

/// Writes beside and renames, so that a reader sees the old file or the new one, and the mode holds from the first byte.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
    let write = || {
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|source| AuthorityError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use foundation::{Clock, Mode};

    use super::*;
    use crate::peers::Certificates;

    fn open(folder: &Path) -> DevelopmentAuthority {
        DevelopmentAuthority::open(folder, "kolsai", Clock::system(Mode::Development).now()).unwrap()
    }

    #[tokio::test]
    async fn an_authority_is_kept_and_what_it_signs_is_of_one_house() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificates");
        open(&path).issue("learning", LIFE).unwrap();
        // Another run, perhaps months later.
        let again = open(&path);
        assert!(again.is_good("learning") && !again.is_good("partner-report"));
        again.issue("partner-report", LIFE).unwrap();
        let certificates = Certificates::new(&path, "kolsai");
        for name in ["learning", "partner-report"] {
            certificates.of(name).unwrap();
        }
        for key in ["ca.key", "learning/tls.key"] {
            assert_eq!(fs::metadata(path.join(key)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read(path.join("ca.crt")).unwrap(), fs::read(path.join("partner-report/ca.crt")).unwrap());
        assert!(matches!(again.issue("../out", LIFE), Err(AuthorityError::Name(_))));
    }

    #[tokio::test]
    async fn what_ends_soon_is_not_good_and_an_engine_is_no_peer() {
        let folder = tempfile::tempdir().unwrap();
        let authority = open(folder.path());
        authority.issue("learning", Duration::from_secs(3600)).unwrap();
        authority.issue("nats", LIFE).unwrap();
        assert!(!authority.is_good("learning") && authority.is_good("nats"));
        assert!(Certificates::new(folder.path(), "kolsai").of("nats").is_err());
        assert!(!DevelopmentAuthority::open(folder.path(), "elsewhere", authority.now).unwrap().is_good("learning"));
    }
}
