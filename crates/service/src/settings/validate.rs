//! What a mode refuses. Everything wrong is told at once.

use std::{fmt, net::SocketAddr};

use figment::value::{Dict, Value};
use foundation::Mode;

use super::{Part, Settings, SettingsError, part};

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
    /// An engine in this process's memory or files, in a process that runs fewer than all services.
    InProcess { setting: String },
    /// A service of another process without an address.
    NoPeer { setting: String },
    /// A service of this process that its peers could not reach.
    NoListener { setting: String },
    /// Peers are called, or listened to, without certificates.
    NoCertificates,
    /// The setting ends with no service's name.
    NoService { setting: String },
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
            Self::InProcess { setting } => {
                write!(
                    f,
                    "{setting}: this process runs fewer than all services, and an engine of one process would split the school; name a server"
                )
            }
            Self::NoPeer { setting } => write!(f, "{setting}: that service runs in another process; say where, `https://host:port`"),
            Self::NoListener { setting } => {
                write!(f, "{setting}: peers in other processes call that service; say where it listens, `host:port`")
            }
            Self::NoCertificates => {
                write!(f, "KOLSAI__PEERS__CERTIFICATES: services of several processes know each other by certificates; name the folder")
            }
            Self::NoService { setting } => write!(f, "{setting}: there is no such service; correct or remove it"),
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
        part::refused(self, &mut refused);
        if refused.is_empty() { Ok(()) } else { Err(SettingsError::Refused { mode: self.mode, refused }) }
    }

    fn refused_in_development(&self, refused: &mut Vec<Refused>) {
        let loopback =
            |listen: &str| listen.parse::<SocketAddr>().map_or_else(|_| listen.starts_with("localhost:"), |at| at.ip().is_loopback());
        if !loopback(&self.listen) {
            refused.push(Refused::NotLoopback { setting: "KOLSAI_LISTEN".into() });
        }
        if self.telemetry.metrics_listen.as_deref().is_some_and(|listen| !loopback(listen)) {
            refused.push(Refused::NotLoopback { setting: "KOLSAI__TELEMETRY__METRICS_LISTEN".into() });
        }
    }

    fn refused_in_production(&self, refused: &mut Vec<Refused>) {
        let databases = self
            .database
            .addresses
            .iter()
            .map(|(service, address)| (format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase()), address.as_str()))
            .chain(self.database.migration_base.iter().map(|base| ("KOLSAI__DATABASE__MIGRATION_BASE".to_owned(), base.as_str())))
            .chain(self.database.migration_addresses.iter().map(|(service, address)| {
                (format!("KOLSAI__DATABASE__MIGRATION_ADDRESSES__{}", service.to_uppercase()), address.as_str())
            }));
        // A process has what its services use, and no more: the gateway has no database and no bus, and only learning has objects.
        let services = self.part.services();
        let mut engines = vec![("KOLSAI__CACHE__ADDRESS".to_owned(), self.cache.address.as_str())];
        if services.iter().any(|service| !self.database.addresses.contains_key(*service)) {
            engines.push(("KOLSAI__DATABASE__BASE".to_owned(), self.database.base.as_deref().unwrap_or("sqlite:")));
        }
        if !services.is_empty() {
            engines.push(("KOLSAI__BUS__ADDRESS".to_owned(), &self.bus.address));
        }
        if self.part.runs("learning") {
            engines.push(("KOLSAI__OBJECTS__ADDRESS".to_owned(), self.objects.address.as_deref().unwrap_or("file:")));
        }
        refused.extend(engines.into_iter().chain(databases).filter_map(|(setting, address)| engine(setting, address)));
        let others =
            self.peers.addresses.iter().map(|(peer, address)| (format!("KOLSAI__PEERS__ADDRESSES__{}", peer.to_uppercase()), address));
        let telemetry = self.telemetry.otlp_endpoint.iter().map(|address| ("KOLSAI__TELEMETRY__OTLP_ENDPOINT".to_owned(), address));
        let in_clear = |address: &str| address.split(',').any(|one| !one.trim().starts_with("https://"));
        for (setting, _) in others.chain(telemetry).filter(|(_, address)| in_clear(address)) {
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
        let mut sections = self.all();
        sections.retain(|name, _| self.counts(name));
        by_convention("KOLSAI_", &sections, refused);
    }
}

impl Settings {
    /// Whether a section is of any use to this process: a service's own is, where that service runs.
    fn counts(&self, section: &str) -> bool {
        match section {
            // The demo school's facts are made where facts come from.
            "analytics" => self.part.runs("analytics") || self.part.runs("learning"),
            service if Part::names().iter().any(|name| name == service) => self.part.runs(service),
            _ => true,
        }
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
