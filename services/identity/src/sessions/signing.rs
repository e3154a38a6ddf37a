//! The key that access tokens are signed with: Ed25519 (RFC 8032), kept in one file that only this process reads.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use foundation::{Mode, Refusal};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use service::Claims;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The file that development makes for itself in the data folder.
const DEVELOPMENT_FILE: &str = "identity-signing.key";

/// PKCS #8 around the 32 bytes of an Ed25519 key (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Why there is no signing key. Shows nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    #[error("the signing key {} cannot be read; make one with `openssl genpkey -algorithm ed25519`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the signing key {} cannot be written", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is not an Ed25519 key in PKCS #8 PEM; make one with `openssl genpkey -algorithm ed25519`", path.display())]
    Form { path: PathBuf },
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("an access token could not be signed")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl From<SigningError> for Refusal {
    fn from(error: SigningError) -> Self {
        Self::internal(&error)
    }
}

/// One installation's key. Its secret part is wiped when dropped.
pub struct Signer {
    key: EncodingKey,
    header: Header,
    public: [u8; 32],
}

impl Signer {
    /// Reads the configured file; without one, development makes a key in the data folder once.
    pub fn load(file: Option<&Path>, mode: Mode, data: &Path) -> Result<Self, SigningKeyError> {
        if let Some(path) = file {
            return Self::read(path);
        }
        let path = data.join(DEVELOPMENT_FILE);
        if mode == Mode::Development && !path.exists() {
            make(&path)?;
        }
        Self::read(&path)
    }

    fn read(path: &Path) -> Result<Self, SigningKeyError> {
        let pem = std::fs::read_to_string(path).map_err(|source| SigningKeyError::Read { path: path.to_owned(), source })?;
        seed(&Zeroizing::new(pem)).map(|seed| Self::of(&seed)).ok_or_else(|| SigningKeyError::Form { path: path.to_owned() })
    }

    fn of(seed: &[u8; 32]) -> Self {
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key_id(&public));
        Self { key: EncodingKey::from_ed_der(der(seed).as_ref()), header, public }
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.key)?)
    }

    /// The `kid` of tokens (RFC 7515, section 4.1.4).
    pub fn id(&self) -> String {
        key_id(&self.public)
    }

    pub fn public(&self) -> [u8; 32] {
        self.public
    }
}

fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(public)[..8])
}

fn der(seed: &[u8; 32]) -> Zeroizing<[u8; 48]> {
    let mut der = Zeroizing::new([0; 48]);
    der[..16].copy_from_slice(&PKCS8);
    der[16..].copy_from_slice(seed);
    der
}

fn seed(pem: &str) -> Option<Zeroizing<[u8; 32]>> {
    let body = pem.split_once(BEGIN)?.1.split_once(END)?.0;
    let letters: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(letters.as_bytes()).ok()?);
    Some(Zeroizing::new(der.strip_prefix(&PKCS8)?.try_into().ok()?))
}

fn make(path: &Path) -> Result<(), SigningKeyError> {
    let seed = Zeroizing::new(rand::random::<[u8; 32]>());
    let pem = Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der(&seed).as_ref())));
    let wrong = |source| SigningKeyError::Write { path: path.to_owned(), source };
    // Never over a key that is there: whoever was faster has made it.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(wrong(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use foundation::PersonId;
    use jsonwebtoken::{DecodingKey, Validation};
    use service::token::AUDIENCE;

    use super::*;

    fn claims() -> Claims {
        let sid = foundation::uuid::Uuid::new_v4();
        let (aud, iss) = (AUDIENCE.into(), "kolsai".into());
        Claims { sub: PersonId::new_v4(), sid, roles: vec![1], iat: 1, exp: 4_000_000_000, auth_time: 1, aud, iss }
    }

    #[test]
    fn development_makes_a_key_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = Signer::load(None, Mode::Development, folder.path()).unwrap();
        let again = Signer::load(None, Mode::Development, folder.path()).unwrap();
        assert_eq!(first.public(), again.public());
        let mode = std::fs::metadata(folder.path().join(DEVELOPMENT_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn production_makes_no_key() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Signer::load(None, Mode::Production, folder.path()), Err(SigningKeyError::Read { .. })));
        let path = folder.path().join("not-a-key");
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(matches!(Signer::load(Some(&path), Mode::Production, folder.path()), Err(SigningKeyError::Form { .. })));
    }

    #[test]
    fn what_is_signed_is_verified_with_the_published_key() {
        let signer = Signer::of(&[7; 32]);
        let claims = claims();
        let token = signer.sign(&claims).unwrap();
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().kid, Some(signer.id()));
        assert_eq!(signer.id().len(), 16);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        let read = |signer: &Signer| jsonwebtoken::decode::<Claims>(&token, &DecodingKey::from_ed_der(&signer.public()), &validation);
        assert_eq!(read(&signer).unwrap().claims, claims);
        assert!(read(&Signer::of(&[8; 32])).is_err());
    }
}
