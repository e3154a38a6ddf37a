//! Where a key-encryption key is, as the settings name it.

use std::{path::PathBuf, sync::Arc};

use egress::{Egress, KEY_MANAGEMENT, KEY_VAULT, MailSink, MailSinkError, Partner};
use foundation::{Clock, Mode};
use service::Settings;

use super::{
    Wrapping,
    aws_kms::{AwsKms, Credentials},
    file::File,
    register::KeysOnly,
    vault::Vault,
};
use crate::{Config, keyring::KeyFileError};

/// Why a key-encryption key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyAddressError {
    #[error("a key-encryption key is `file:<path>`, `vault:https://host:port/<mount>/<key>` or `aws-kms:https://host/<region>/<key>`")]
    Address,
    #[error("KOLSAI__PRIVACY__{0} is needed for this key-encryption key")]
    Missing(&'static str),
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error("the way out to the key service cannot be opened")]
    Egress(#[from] egress::Error),
    #[error(transparent)]
    Mail(#[from] MailSinkError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    File(PathBuf),
    Vault { base: String, mount: String, key: String },
    AwsKms { base: String, region: String, key: String },
}

impl Address {
    pub fn parse(text: &str) -> Result<Self, KeyAddressError> {
        let (kind, rest) = text.split_once(':').ok_or(KeyAddressError::Address)?;
        match kind {
            "file" if !rest.is_empty() => Ok(Self::File(rest.into())),
            "vault" => {
                let (base, path) = split(rest)?;
                let (mount, key) = path.rsplit_once('/').ok_or(KeyAddressError::Address)?;
                Ok(Self::Vault { base, mount: plain(mount)?, key: plain(key)? })
            }
            "aws-kms" => {
                let (base, path) = split(rest)?;
                // A key may be named by its ARN, which has a slash.
                let (region, key) = path.split_once('/').ok_or(KeyAddressError::Address)?;
                Ok(Self::AwsKms { base, region: plain(region)?, key: plain(key)? })
            }
            _ => Err(KeyAddressError::Address),
        }
    }
}

/// Origin and path of a URL.
fn split(url: &str) -> Result<(String, &str), KeyAddressError> {
    let after = url.find("://").ok_or(KeyAddressError::Address)? + 3;
    let slash = url[after..].find('/').ok_or(KeyAddressError::Address)? + after;
    Ok((url[..slash].to_owned(), &url[slash + 1..]))
}

fn plain(part: &str) -> Result<String, KeyAddressError> {
    let good = !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_:./".contains(c)) && !part.contains("..");
    good.then(|| part.to_owned()).ok_or(KeyAddressError::Address)
}

/// What every address needs to be opened.
pub(super) struct Ways<'a> {
    config: &'a Config,
    settings: &'a Settings,
    clock: &'a Clock,
}

impl<'a> Ways<'a> {
    pub fn of(config: &'a Config, settings: &'a Settings, clock: &'a Clock) -> Self {
        Self { config, settings, clock }
    }

    pub fn open(&self, address: &Address) -> Result<Arc<dyn Wrapping>, KeyAddressError> {
        Ok(match address {
            Address::File(path) => Arc::new(File::open(path, self.settings.mode)?),
            Address::Vault { base, mount, key } => {
                let token = self.config.key_service_token_file.clone().ok_or(KeyAddressError::Missing("KEY_SERVICE_TOKEN_FILE"))?;
                Arc::new(Vault::new(self.way_out(KEY_VAULT.name, base)?, mount, key, token))
            }
            Address::AwsKms { base, region, key } => {
                let id = self.config.key_service_access_key.clone().ok_or(KeyAddressError::Missing("KEY_SERVICE_ACCESS_KEY"))?;
                let secret = self.config.key_service_token_file.clone().ok_or(KeyAddressError::Missing("KEY_SERVICE_TOKEN_FILE"))?;
                let credentials = Credentials { id, secret };
                Arc::new(AwsKms::new(self.way_out(KEY_MANAGEMENT.name, base)?, base, region, key, credentials, self.clock.clone()))
            }
        })
    }

    /// No mail goes this way; the way out wants to know where it would go all the same.
    fn way_out(&self, recipient: &str, base: &str) -> Result<Partner, KeyAddressError> {
        let sink: MailSink = match &self.settings.mail {
            Some(mail) => mail.parse()?,
            None if self.settings.mode == Mode::Production => return Err(MailSinkError::FolderInProduction.into()),
            None => MailSink::Folder(self.settings.data.join("mail")),
        };
        let mut way = egress::Config::new(self.settings.mode, sink);
        way.trusted_ca = self.config.key_service_authority.clone();
        Ok(Egress::try_new(way, Arc::new(KeysOnly), self.clock.clone())?.http(recipient, base)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_or_a_key_at_a_service() {
        assert_eq!(Address::parse("file:/run/secrets/key").unwrap(), Address::File("/run/secrets/key".into()));
        let vault = Address::parse("vault:https://vault.example.kz:8200/school/transit/people").unwrap();
        assert_eq!(
            vault,
            Address::Vault { base: "https://vault.example.kz:8200".into(), mount: "school/transit".into(), key: "people".into() }
        );
        let kms = Address::parse("aws-kms:https://kms.example.kz/kz-1/arn:aws:kms:kz-1:1:key/2-3").unwrap();
        let key = "arn:aws:kms:kz-1:1:key/2-3".to_owned();
        assert_eq!(kms, Address::AwsKms { base: "https://kms.example.kz".into(), region: "kz-1".into(), key });
        for wrong in [
            "",
            "file:",
            "vault:",
            "vault:https://host",
            "vault:https://host/key",
            "vault:https://host/../key",
            "aws-kms:https://host/a",
            "gcp:x",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }
}
