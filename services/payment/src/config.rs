//! The section `payment` of the settings.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use foundation::Mode;
use serde::Deserialize;

use crate::Secret;

/// What holds when nobody says otherwise.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// A shorter key could be guessed.
const SHORTEST_KEY: usize = 32;

/// What an operator may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether the partner is the sandbox; production refuses it.
    pub sandbox: bool,
    /// Where a sandbox inside this process listens: loopback; port 0 takes any free one. Ignored when `partner_address` is set.
    pub sandbox_listen: SocketAddr,
    /// How browsers reach the sandbox's page. Absent: through the gateway, `<KOLSAI_URL>/sandbox`.
    #[serde(default)]
    pub sandbox_url: Option<String>,
    /// The authority of the gateway's certificate, for the notifications of a sandbox inside this process. Absent: the
    /// development authority in the data folder.
    #[serde(default)]
    pub sandbox_trusted_ca: Option<PathBuf>,
    /// The partner's API: `https://…`. Absent, with `sandbox`: one is started inside this process.
    #[serde(default)]
    pub partner_address: Option<String>,
    /// A PEM file of the authorities that the partner's certificate is checked against; absent, the system's.
    #[serde(default)]
    pub partner_trusted_ca: Option<PathBuf>,
    /// Our name with the partner: every notification must carry it.
    pub merchant: String,
    /// Our requests are signed with it.
    pub merchant_key: Secret,
    /// The partner's notifications are signed with it.
    pub notification_key: Secret,
    /// Hours until an order that is not paid expires.
    pub open_for_hours: u32,
}

/// Why the settings of payment cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("KOLSAI__PAYMENT__SANDBOX: the sandbox partner takes no money and is refused in production; set it to false")]
    SandboxInProduction,
    #[error("KOLSAI__PAYMENT__PARTNER_ADDRESS: name the payment partner's API, `https://…`")]
    NoPartner,
    #[error("KOLSAI__PAYMENT__SANDBOX_LISTEN: the sandbox partner listens on loopback only")]
    SandboxNotLoopback,
    #[error("{0}: this key ships with the source; agree on one with the partner")]
    DevelopmentKey(&'static str),
    #[error("{0}: at least {SHORTEST_KEY} characters")]
    ShortKey(&'static str),
    #[error("KOLSAI__PAYMENT__MERCHANT_KEY and KOLSAI__PAYMENT__NOTIFICATION_KEY must differ: whoever checks one could sign the other")]
    SameKey,
    #[error("KOLSAI__PAYMENT__MERCHANT: say our name with the partner")]
    NoMerchant,
    #[error("KOLSAI__PAYMENT__OPEN_FOR_HOURS: 1 to 720")]
    OpenFor,
}

impl Config {
    /// Refuses what the mode refuses.
    pub fn validate(&self, mode: Mode) -> Result<(), ConfigError> {
        match (mode, self.sandbox, &self.partner_address) {
            (Mode::Production, true, _) => return Err(ConfigError::SandboxInProduction),
            (_, false, None) => return Err(ConfigError::NoPartner),
            _ => {}
        }
        if self.sandbox && !self.sandbox_listen.ip().is_loopback() {
            return Err(ConfigError::SandboxNotLoopback);
        }
        let keys = [("KOLSAI__PAYMENT__MERCHANT_KEY", &self.merchant_key), ("KOLSAI__PAYMENT__NOTIFICATION_KEY", &self.notification_key)];
        for (setting, key) in keys {
            if mode == Mode::Production && key.is_development() {
                return Err(ConfigError::DevelopmentKey(setting));
            }
            if key.bytes().len() < SHORTEST_KEY {
                return Err(ConfigError::ShortKey(setting));
            }
        }
        if self.merchant_key.bytes() == self.notification_key.bytes() {
            return Err(ConfigError::SameKey);
        }
        if self.merchant.is_empty() {
            return Err(ConfigError::NoMerchant);
        }
        if !(1..=720).contains(&self.open_for_hours) {
            return Err(ConfigError::OpenFor);
        }
        Ok(())
    }

    pub(crate) fn open_for(&self) -> Duration {
        Duration::from_secs(u64::from(self.open_for_hours) * 3600)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        Config {
            sandbox: true,
            sandbox_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            sandbox_url: None,
            sandbox_trusted_ca: None,
            partner_address: None,
            partner_trusted_ca: None,
            merchant: "kolsai".into(),
            merchant_key: "development:the-school-signs-its-requests-with-this".into(),
            notification_key: "development:the-partner-signs-its-notifications-with-this".into(),
            open_for_hours: 24,
        }
    }

    #[test]
    fn production_refuses_the_sandbox_and_the_keys_of_the_source() {
        assert_eq!(config().validate(Mode::Development), Ok(()));
        assert_eq!(config().validate(Mode::Production), Err(ConfigError::SandboxInProduction));
        let mut own = Config { sandbox: false, ..config() };
        assert_eq!(own.validate(Mode::Production), Err(ConfigError::NoPartner));
        own.partner_address = Some("https://pay.example.kz/api".into());
        assert_eq!(own.validate(Mode::Production), Err(ConfigError::DevelopmentKey("KOLSAI__PAYMENT__MERCHANT_KEY")));
        own.merchant_key = "a key that was agreed on with the partner".into();
        own.notification_key = own.merchant_key.clone();
        assert_eq!(own.validate(Mode::Production), Err(ConfigError::SameKey));
        own.notification_key = "another key that was agreed on with the partner".into();
        assert_eq!(own.validate(Mode::Production), Ok(()));
    }

    #[test]
    fn keys_are_long_and_never_shown() {
        let short = Config { notification_key: "short".into(), ..config() };
        assert_eq!(short.validate(Mode::Development), Err(ConfigError::ShortKey("KOLSAI__PAYMENT__NOTIFICATION_KEY")));
        assert!(!format!("{short:?}").contains("short"));
        let open = Config { sandbox_listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..config() };
        assert_eq!(open.validate(Mode::Development), Err(ConfigError::SandboxNotLoopback));
    }
}
