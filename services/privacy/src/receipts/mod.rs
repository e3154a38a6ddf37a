//! Signed proof without personal data: Ed25519 (RFC 8032) over the canonical bytes of a document.

mod document;

use std::{path::Path, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use foundation::{Mode, Refusal, uuid::Uuid};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use document::{Class, DestructionNote, Document, Holder, Kept, Locked, Remaining, Resumed};

use crate::keyring::KeyFileError;

/// Why a receipt is not believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the public key is not 32 bytes of Ed25519")]
    Key,
    #[error("the signature is not base64url of 64 bytes")]
    Malformed,
    #[error("the document is not what was signed")]
    Forged,
}

/// Checks a document against its signature, offline.
pub fn verify(document: &str, signature: &str, public_key: &[u8]) -> Result<(), VerifyError> {
    let key: [u8; 32] = public_key.try_into().map_err(|_| VerifyError::Key)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| VerifyError::Key)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| VerifyError::Malformed)?;
    let signature = Signature::from_slice(&signature).map_err(|_| VerifyError::Malformed)?;
    key.verify_strict(document.as_bytes(), &signature).map_err(|_| VerifyError::Forged)
}

/// The key of receipts, checkpoints and manifests. Clones share it.
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<ed25519_dalek::SigningKey>,
    tokens: Arc<Zeroizing<[u8; 32]>>,
}

impl SigningKey {
    /// 32 bytes of seed; made in development when missing.
    pub fn from_file(path: &Path, mode: Mode) -> Result<Self, KeyFileError> {
        let seed = crate::keyring::secret_file(path, mode)?;
        let mut tokens = Zeroizing::new([0; 32]);
        // Fails only for outputs above 8,160 bytes.
        let _ = Hkdf::<Sha256>::new(None, seed.as_slice()).expand(b"kolsai receipt tokens", tokens.as_mut());
        Ok(Self { key: Arc::new(ed25519_dalek::SigningKey::from_bytes(&seed)), tokens: Arc::new(tokens) })
    }

    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The first 16 hex digits of the public key's SHA-256.
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.public())[..8])
    }

    /// base64url of the signature.
    pub fn sign(&self, document: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(document).to_bytes())
    }

    /// The token that fetches one receipt: request ‖ HMAC-SHA-256, in base64url.
    pub fn token(&self, request: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([request.as_bytes().as_slice(), &self.mac(request)].concat())
    }

    /// The request that a token is for.
    pub fn open_token(&self, token: &str) -> Result<Uuid, Refusal> {
        let wrong = || Refusal::not_found("NO_SUCH_RECEIPT", "this token fetches no receipt; send it as it was given to you");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
        let (request, tag) = bytes.split_at_checked(16).ok_or_else(wrong)?;
        let request = Uuid::from_slice(request).map_err(|_| wrong())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.tokens.as_slice()).map_err(|_| wrong())?;
        mac.update(request.as_bytes());
        mac.verify_slice(tag).map_err(|_| wrong())?;
        Ok(request)
    }

    fn mac(&self, request: Uuid) -> Vec<u8> {
        // HMAC takes keys of any length (RFC 2104).
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.tokens.as_slice()) else { return Vec::new() };
        mac.update(request.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<signing key {}>", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_byte_fails() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_file(&folder.path().join("receipts.key"), Mode::Development).unwrap();
        let signature = key.sign(br#"{"rows":3}"#);
        assert_eq!(verify(r#"{"rows":3}"#, &signature, &key.public()), Ok(()));
        assert_eq!(verify(r#"{"rows":4}"#, &signature, &key.public()), Err(VerifyError::Forged));
        assert_eq!(verify(r#"{"rows":3}"#, "AAAA", &key.public()), Err(VerifyError::Malformed));
        let again = SigningKey::from_file(&folder.path().join("receipts.key"), Mode::Development).unwrap();
        assert_eq!(again.public(), key.public(), "the key survives a restart");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        /// Whatever is signed: a bit of it, of the signature or of the key that is another one fails.
        #[test]
        fn every_changed_bit_fails(document in "[ -~а-я]{1,400}", at: proptest::sample::Index, bit in 0_u32..7) {
            static KEY: std::sync::LazyLock<SigningKey> = std::sync::LazyLock::new(|| {
                let folder = tempfile::tempdir().unwrap();
                SigningKey::from_file(&folder.path().join("receipts.key"), Mode::Development).unwrap()
            });
            let (key, signature, public) = (&*KEY, KEY.sign(document.as_bytes()), KEY.public());
            proptest::prop_assert_eq!(verify(&document, &signature, &public), Ok(()));
            let turned = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
                bytes
            };
            if let Ok(other) = String::from_utf8(turned(document.as_bytes())) {
                proptest::prop_assert!(verify(&other, &signature, &public).is_err());
            }
            let raw = BASE64_URL_SAFE_NO_PAD.decode(&signature).unwrap();
            proptest::prop_assert!(verify(&document, &BASE64_URL_SAFE_NO_PAD.encode(turned(&raw)), &public).is_err());
            proptest::prop_assert!(verify(&document, &signature, &turned(&public)).is_err());
            proptest::prop_assert!(verify(&document, &signature, &turned(&public)[1..]).is_err());
            proptest::prop_assert_eq!(key.public(), public);
        }
    }

    #[test]
    fn a_token_fetches_its_own_receipt_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_file(&folder.path().join("receipts.key"), Mode::Development).unwrap();
        let request = Uuid::new_v4();
        assert_eq!(key.open_token(&key.token(request)).unwrap(), request);
        let mut forged = BASE64_URL_SAFE_NO_PAD.decode(key.token(request)).unwrap();
        forged[0] ^= 1;
        assert!(key.open_token(&BASE64_URL_SAFE_NO_PAD.encode(forged)).is_err());
        assert!(key.open_token("").is_err());
    }
}
