//! The two kinds of keys: age recipients and identities for the content, Ed25519 for the catalogue.

use std::{
    io::{BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use age::{
    DecryptError, Decryptor, Encryptor,
    secrecy::ExposeSecret,
    stream::{StreamReader, StreamWriter},
    x25519,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use foundation::Mode;
use zeroize::Zeroizing;

use crate::ConfigError;

/// Public keys that may open what is encrypted to them.
#[derive(Clone)]
pub(crate) struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    pub(crate) fn parse(setting: &'static str, texts: &[String]) -> Result<Self, ConfigError> {
        if texts.is_empty() {
            return Err(ConfigError::NoRecipients { setting });
        }
        let parse = |(at, text): (usize, &String)| text.trim().parse().map_err(|_| ConfigError::Recipient { setting, number: at + 1 });
        Ok(Self(texts.iter().enumerate().map(parse).collect::<Result<_, _>>()?))
    }

    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        self.0.iter().any(|one| other.0.iter().any(|two| one.to_string() == two.to_string()))
    }

    /// What is written to the answer is encrypted; it must be finished.
    pub(crate) fn encrypt<W: Write>(&self, output: W) -> std::io::Result<StreamWriter<W>> {
        let recipients = self.0.iter().map(|one| one as &dyn age::Recipient);
        Encryptor::with_recipients(recipients).map_err(std::io::Error::other)?.wrap_output(output)
    }
}

/// Private keys out of an identity file, as `age-keygen` writes it. They are never where backups are taken.
pub struct Identities(Vec<x25519::Identity>);

impl Identities {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Identity { path: path.to_owned() };
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|_| wrong())?);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities: Vec<_> = lines.map(|line| line.parse()).collect::<Result<_, _>>().map_err(|_| wrong())?;
        if identities.is_empty() { Err(wrong()) } else { Ok(Self(identities)) }
    }

    pub(crate) fn decrypt<R: Read>(&self, input: R) -> Result<StreamReader<BufReader<R>>, DecryptError> {
        Decryptor::new_buffered(BufReader::new(input))?.decrypt(self.0.iter().map(|one| one as &dyn age::Identity))
    }
}

/// Writes a fresh identity file for its owner alone, and answers the public key. What is there is never written over.
pub fn new_identity(path: &Path) -> Result<String, std::io::Error> {
    let identity = x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let text = Zeroizing::new(format!("# public key: {public}\n{}\n", identity.to_string().expose_secret()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(public)
}

/// Signs entries of the catalogue.
#[derive(Clone)]
pub(crate) struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// 32 bytes of seed; made in development when missing.
    pub(crate) fn from_file(path: &Path, mode: Mode) -> Result<Self, ConfigError> {
        let wrong = |_| ConfigError::SigningKey { path: path.to_owned() };
        if mode == Mode::Development && !path.exists() {
            make(path).map_err(wrong)?;
        }
        let bytes = Zeroizing::new(std::fs::read(path).map_err(wrong)?);
        let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| ConfigError::SigningKey { path: path.to_owned() })?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        BASE64_STANDARD.encode(self.0.sign(text.as_bytes()).to_bytes())
    }

    pub(crate) fn public(&self) -> CatalogueKey {
        CatalogueKey(self.0.verifying_key())
    }
}

fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let seed = Zeroizing::new(rand::random::<[u8; 32]>());
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(seed.as_slice())?;
    file.sync_all()
}

/// Checks entries of the catalogue.
#[derive(Clone)]
pub(crate) struct CatalogueKey(VerifyingKey);

impl CatalogueKey {
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|_| ConfigError::CatalogueKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| ConfigError::CatalogueKey)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| ConfigError::CatalogueKey)
    }

    pub(crate) fn text(&self) -> String {
        BASE64_STANDARD.encode(self.0.to_bytes())
    }

    pub(crate) fn checks(&self, text: &str, signature: &str) -> bool {
        let signature = BASE64_STANDARD.decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}
