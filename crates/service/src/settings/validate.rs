//! What a mode refuses. Everything wrong is told at once.

use std::{fmt, net::SocketAddr};

use figment::value::{Dict, Value};
use foundation::Mode;

use super::{Settings, SettingsError};

/// The country that must be named (law 94-V art. 12).
const COUNTRY: &str = "KZ";

/// One setting that the mode refuses; never shows its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// An engine in this process's memory, or SQLite.
    EmbeddedEngine { setting: String },
    /// An address without verified TLS.
    Plaintext { setting: String, instead: &'static str },
    /// A key that ships with the source.
    DevelopmentKey { setting: String },
    /// A store whose location is not stated to be in Kazakhstan.
    StorageLocation { setting: String },
    /// Demo accounts or the sandbox partner.
    Demonstration { setting: String },
    /// Mail that goes nowhere.
    ConsoleMail { setting: String },
    /// A failpoint is armed, or failpoints are traced.
    Failpoint,
    /// The clock does not tell the time.
    MovedClock,
    /// Development listens on loopback only.
    NotLoopback { setting: String },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmbeddedEngine { setting } => write!(f, "{setting}: an embedded engine loses or leaks what it holds; name a server"),
            Self::Plaintext { setting, instead } => write!(f, "{setting}: the connection would not be verified TLS; use {instead}"),
            Self::DevelopmentKey { setting } => write!(f, "{setting}: this key ships with the source; make one of your own"),
            Self::StorageLocation { setting } => write!(f, "{setting}: say `{COUNTRY}`, and keep it there (law 94-V art. 12)"),
            Self::Demonstration { setting } => write!(f, "{setting}: demonstrations stay out of production; set it to false"),
            Self::ConsoleMail { setting } => write!(f, "{setting}: mail in a folder reaches nobody; name an SMTP server"),
            Self::Failpoint => write!(f, "KOLSAI_FAILPOINT, KOLSAI_FAILPOINT_TRACE: they are for tests; remove them"),
            Self::MovedClock => write!(f, "KOLSAI__CLOCK_AHEAD: terms and tokens need the right time; remove it"),
            Self::NotLoopback { setting } => write!(f, "{setting}: development listens on loopback only"),
        }
    }
}

impl Settings {
    /// Refuses what the mode does not allow, all of it listed at once.
    pub fn validate_for_mode(&self) -> Result<(), SettingsError> {
        let mut refused = Vec::new();
        match self.mode {
            Mode::Development => self.refused_in_development(&mut refused),
            Mode::Production => self.refused_in_production(&mut refused),
        }
        if refused.is_empty() { Ok(()) } else { Err(SettingsError::Refused { mode: self.mode, refused }) }
    }

    fn refused_in_development(&self, refused: &mut Vec<Refused>) {
        let loopback = self.listen.parse::<SocketAddr>().map_or_else(|_| self.listen.starts_with("localhost:"), |at| at.ip().is_loopback());
        if !loopback {
            refused.push(Refused::NotLoopback { setting: "KOLSAI_LISTEN".into() });
        }
    }

    fn refused_in_production(&self, refused: &mut Vec<Refused>) {
        let databases = self
            .database
            .addresses
            .iter()
            .map(|(service, address)| (format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase()), address.as_str()));
        let engines = [
            ("KOLSAI__DATABASE__BASE".to_owned(), self.database.base.as_deref().unwrap_or("sqlite:")),
            ("KOLSAI__BUS__ADDRESS".to_owned(), &self.bus.address),
            ("KOLSAI__CACHE__ADDRESS".to_owned(), &self.cache.address),
            ("KOLSAI__OBJECTS__ADDRESS".to_owned(), self.objects.address.as_deref().unwrap_or("file:")),
        ];
        refused.extend(engines.into_iter().chain(databases).filter_map(|(setting, address)| engine(setting, address)));
        let others =
            self.peers.addresses.iter().map(|(peer, address)| (format!("KOLSAI__PEERS__ADDRESSES__{}", peer.to_uppercase()), address));
        let telemetry = self.telemetry.otlp_endpoint.iter().map(|address| ("KOLSAI__TELEMETRY__OTLP_ENDPOINT".to_owned(), address));
        for (setting, _) in others.chain(telemetry).filter(|(_, address)| !address.starts_with("https://")) {
            refused.push(Refused::Plaintext { setting, instead: "https://" });
        }
        let stores = &self.storage_location;
        for (name, location) in [
            ("database", &stores.database),
            ("objects", &stores.objects),
            ("backup", &stores.backup),
            ("log", &stores.log),
            ("trace", &stores.trace),
        ] {
            if location.as_deref() != Some(COUNTRY) {
                refused.push(Refused::StorageLocation { setting: format!("KOLSAI__STORAGE_LOCATION__{}", name.to_uppercase()) });
            }
        }
        if self.mail.as_deref().is_some_and(|mail| !mail.starts_with("smtps://")) {
            refused.push(Refused::ConsoleMail { setting: "KOLSAI_MAIL".into() });
        }
        if self.failpoint.is_some() || self.failpoint_trace.is_some() {
            refused.push(Refused::Failpoint);
        }
        if self.clock_ahead.is_some() {
            refused.push(Refused::MovedClock);
        }
        by_convention("KOLSAI_", &self.all(), refused);
    }
}

fn engine(setting: String, address: &str) -> Option<Refused> {
    let scheme = address.split(':').next().unwrap_or_default();
    let plaintext = |instead| Some(Refused::Plaintext { setting: setting.clone(), instead });
    match scheme {
        "memory" | "sqlite" | "file" | "" => Some(Refused::EmbeddedEngine { setting }),
        "postgres" | "postgresql" if !address.contains("sslmode=verify-full") => plaintext("sslmode=verify-full"),
        "nats" => plaintext("tls://"),
        "redis" => plaintext("rediss://"),
        "s3+http" | "http" => plaintext("s3+https://"),
        _ => None,
    }
}

/// Conventions of every section: a key whose value starts with `development:` ships with the source, and `demo_accounts`
/// (`demo_school`, `sandbox`) switch demonstrations on.
fn by_convention(above: &str, dict: &Dict, refused: &mut Vec<Refused>) {
    for (key, value) in dict {
        let setting = format!("{above}_{}", key.to_uppercase());
        match value {
            Value::Dict(_, inner) => by_convention(&format!("{setting}_"), inner, refused),
            Value::String(_, text) if text.starts_with("development:") => refused.push(Refused::DevelopmentKey { setting }),
            Value::Bool(_, true) if matches!(key.as_str(), "demo_accounts" | "demo_school" | "sandbox") => {
                refused.push(Refused::Demonstration { setting })
            }
            _ => {}
        }
    }
}
