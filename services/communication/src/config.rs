//! Settings of communication.

use egress::MailSink;
use serde::Deserialize;
use service::{Settings, SettingsError};

use crate::tickets;

/// What holds when nobody says otherwise; for `Settings::load`.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// The section `[communication]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name under which the school writes.
    pub school: String,
    /// `Name <address>` that mail comes from.
    pub sender: String,
    /// Where mail goes, unless `KOLSAI_MAIL` says it; absent, a folder `mail` in the data folder.
    #[serde(default)]
    pub mail: Option<MailSink>,
}

impl Config {
    pub fn of(settings: &Settings) -> Result<Self, SettingsError> {
        settings.section(crate::NAME)
    }

    /// A sender that nobody can write as would only be found out with the first mail.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let address = self.sender.split_once('<').map_or(self.sender.as_str(), |(_, address)| address.trim_end_matches('>'));
        if tickets::rules::email(address).is_ok() && !self.school.is_empty() && !self.school.chars().any(char::is_control) {
            return Ok(());
        }
        let reason = "write `Name <address>`, and the name of the school on one line".to_owned();
        Err(SettingsError::Invalid { name: "KOLSAI__COMMUNICATION__SENDER".into(), reason })
    }

    /// Where mail goes.
    pub(crate) fn sink(&self, settings: &Settings) -> Result<MailSink, SettingsError> {
        match &settings.mail {
            Some(address) => address
                .parse()
                .map_err(|error: egress::MailSinkError| SettingsError::Invalid { name: "KOLSAI_MAIL".into(), reason: error.to_string() }),
            None => Ok(self.mail.clone().unwrap_or_else(|| MailSink::Folder(settings.data.join("mail")))),
        }
    }
}
