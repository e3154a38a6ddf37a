//! What the object store is opened with.

use foundation::Mode;

use crate::{Error, ObjectsAddress};

/// Settings of the object store.
#[derive(Clone, Debug)]
pub struct Config {
    pub address: ObjectsAddress,
    /// Where clients reach the store from outside, e.g. `https://localhost:8443/objects`; presigned URLs begin with it.
    /// Needed for a folder, whose server listens on plain loopback behind the gateway; an S3 is reached directly
    /// without it.
    pub public_base: Option<String>,
    pub mode: Mode,
}

impl Config {
    /// What a mode refuses: production has no folder and no plaintext, development plaintext on loopback only.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match (&self.address, self.mode) {
            (ObjectsAddress::Folder(_), Mode::Production) => Err(Error::FolderInProduction),
            (ObjectsAddress::S3(s3), Mode::Production) if !s3.is_tls() => Err(Error::Plaintext),
            (ObjectsAddress::S3(s3), Mode::Development) if !s3.is_tls() && !s3.is_loopback() => Err(Error::Plaintext),
            _ => Ok(()),
        }?;
        let public = match &self.address {
            ObjectsAddress::S3(s3) => s3.public.as_ref(),
            ObjectsAddress::Folder(_) => None,
        };
        match self.public_base.as_ref().or(public) {
            Some(base) if !is_url(base, self.mode) => Err(Error::PublicBase),
            _ => Ok(()),
        }
    }
}

fn is_url(text: &str, mode: Mode) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else { return false };
    let scheme = match url.scheme_str() {
        Some("https") => true,
        Some("http") => mode == Mode::Development,
        _ => false,
    };
    scheme && url.host().is_some() && url.query().is_none()
}
