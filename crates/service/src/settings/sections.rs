//! The sections that belong to the house and to no service.

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, time::Duration};

use figment::Figment;
use foundation::Mode;
use personal_data::{DbOptions, SchemaBy};
use serde::Deserialize;

use super::{Part, Settings};

/// Every name of [`Core`]: a top-level name that is neither here nor in a service's defaults is unknown.
pub(super) const CORE: &[&str] = &[
    "mode",
    "listen",
    "data",
    "url",
    "mail",
    "failpoint",
    "failpoint_trace",
    "clock_ahead",
    "database",
    "bus",
    "cache",
    "objects",
    "telemetry",
    "storage_location",
    "peers",
];

#[derive(Deserialize)]
pub(super) struct Core {
    mode: Mode,
    listen: String,
    data: PathBuf,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    failpoint: Option<String>,
    #[serde(default)]
    failpoint_trace: Option<PathBuf>,
    #[serde(default)]
    clock_ahead: Option<u64>,
    #[serde(default)]
    database: Database,
    #[serde(default)]
    bus: Bus,
    #[serde(default)]
    cache: Cache,
    #[serde(default)]
    objects: Objects,
    #[serde(default)]
    telemetry: Telemetry,
    #[serde(default)]
    storage_location: StorageLocation,
    #[serde(default)]
    peers: PeersSection,
}

impl Core {
    pub(super) fn into_settings(self, figment: Figment) -> Settings {
        // Who moves the address and says nothing more is reached there.
        let here = || format!("https://localhost:{}", self.listen.rsplit(':').next().unwrap_or("8443"));
        let url = self.url.filter(|url| !url.is_empty()).unwrap_or_else(here).trim_end_matches('/').to_owned();
        Settings {
            mode: self.mode,
            listen: self.listen,
            data: self.data,
            url,
            mail: self.mail.filter(|mail| !mail.is_empty()),
            failpoint: self.failpoint.filter(|name| !name.is_empty()),
            failpoint_trace: self.failpoint_trace,
            clock_ahead: self.clock_ahead.filter(|seconds| *seconds > 0),
            database: self.database,
            bus: self.bus,
            cache: self.cache,
            objects: self.objects,
            telemetry: self.telemetry,
            storage_location: self.storage_location,
            peers: self.peers,
            part: Part::whole(),
            figment,
        }
    }
}

/// Where rows live.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…`, from which every service gets its own database `kolsai_<service>`; absent, SQLite files in the data folder.
    pub base: Option<String>,
    /// A whole address for one service in place of the derived one: its own role, its own server.
    pub addresses: BTreeMap<String, String>,
    /// The same for `kolsai migrate`, whose role owns the tables; absent, those of the services.
    pub migration_base: Option<String>,
    pub migration_addresses: BTreeMap<String, String>,
    /// What the role of a service is called, before the service's name: `kolsai migrate` gives it what its tables need. Empty: no roles.
    pub role_prefix: String,
    /// Whether a process brings its schemas up to date itself, or waits for `kolsai migrate` to have done it.
    pub migrate: bool,
    /// How long it waits, in seconds.
    pub schema_wait: u64,
    /// Connections of each service at most.
    pub pool: NonZeroU32,
    /// Seconds until a call that gets no connection fails.
    pub acquire_timeout: u64,
    /// Seconds that a statement may take; `statement_timeout` of PostgreSQL, and so are the next two. 0 is no limit.
    pub statement_timeout: u64,
    pub lock_timeout: u64,
    pub idle_in_transaction_timeout: u64,
}

impl Default for Database {
    fn default() -> Self {
        let options = DbOptions::default();
        Self {
            base: None,
            addresses: BTreeMap::new(),
            migration_base: None,
            migration_addresses: BTreeMap::new(),
            role_prefix: "kolsai_".into(),
            migrate: true,
            schema_wait: 30,
            pool: options.pool,
            acquire_timeout: options.acquire.as_secs(),
            statement_timeout: options.statement.as_secs(),
            lock_timeout: options.lock.as_secs(),
            idle_in_transaction_timeout: options.idle_in_transaction.as_secs(),
        }
    }
}

impl Database {
    /// As the databases are opened.
    pub fn options(&self, mode: Mode) -> DbOptions {
        let within = Duration::from_secs(self.schema_wait);
        DbOptions {
            pool: self.pool,
            acquire: Duration::from_secs(self.acquire_timeout.max(1)),
            statement: Duration::from_secs(self.statement_timeout),
            idle_in_transaction: Duration::from_secs(self.idle_in_transaction_timeout),
            lock: Duration::from_secs(self.lock_timeout),
            schema: if self.migrate { SchemaBy::Itself } else { SchemaBy::Command { within } },
            mode,
        }
    }
}

/// Where events travel.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bus {
    /// `memory:`, or `tls://user:password@host:4222` (NATS with JetStream; `nats://` in development), several servers parted by commas.
    pub address: String,
    /// PEM file of the authority that signed the server's certificate; absent, those of this machine.
    pub authority: Option<PathBuf>,
    /// The stream, and the first word of its subjects: `kolsai.events.identity.LinkIssued`. Schools that share a server differ in it.
    pub name: String,
    /// How many servers of the cluster keep each event.
    pub replicas: usize,
    /// The most that the stream may hold. When it is full, outboxes keep what is announced.
    pub max_megabytes: u32,
    /// How long the stream keeps an event, at most 168 hours.
    pub max_age_hours: u32,
    /// How many events of one reaction a process handles at a time; each may have a connection of the database's pool in hand.
    pub at_once: usize,
}

impl Bus {
    /// As the bus wants it.
    pub fn config(&self) -> events::BusConfig {
        events::BusConfig {
            authority: self.authority.clone(),
            name: self.name.clone(),
            replicas: self.replicas,
            at_once: self.at_once,
            max_bytes: i64::from(self.max_megabytes) << 20,
            max_age: std::time::Duration::from_secs(u64::from(self.max_age_hours) * 3600),
            ..events::BusConfig::new(&self.address)
        }
    }
}

/// Where short-lived values are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// `memory:`, or `rediss://:password@host:6380` (Redis or Valkey; `redis://` on loopback in development).
    pub address: String,
    /// PEM file of the authority that signed the server's certificate; absent, those of this machine.
    pub authority: Option<PathBuf>,
    /// What every key begins with. Schools that share a server differ in it.
    pub prefix: String,
}

impl Cache {
    /// As the cache wants it.
    pub fn config(&self, mode: Mode) -> cache::Config<'_> {
        cache::Config { address: &self.address, authority: self.authority.as_deref(), prefix: &self.prefix, mode }
    }
}

/// Where files are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// `s3+https://key:secret@host/bucket`, or `file:folder`; absent, a folder in the data folder.
    pub address: Option<String>,
    /// PEM file of the authority that signed the store's certificate; absent, those of this machine.
    pub authority: Option<PathBuf>,
    /// `https://host[:port]`: where people reach the store, when that is another host than the services'.
    pub public_address: Option<String>,
}

/// What is told about the running process, and to whom.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `https://collector:4317`; absent, traces stay on the console.
    pub otlp_endpoint: Option<String>,
    /// PEM file of the authority that signed the collector's certificate.
    pub otlp_authority: Option<PathBuf>,
    /// The share of traces without a parent that is collected, 0 to 1; absent, all of them. A trace in which something failed is
    /// collected in any case.
    pub sample_ratio: Option<f64>,
    pub log_format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`, for the console alone.
    pub log_filter: String,
    /// `host:port` where metrics may be scraped, under `/metrics` over TLS; absent, nowhere.
    pub metrics_listen: Option<String>,
    /// Who may scrape: names in client certificates of the peers' authority.
    pub metrics_callers: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Human,
    Json,
}

/// The country in which each kind of store stands (ISO 3166-1 alpha-2). Law 94-V art. 12 wants `KZ`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageLocation {
    pub database: Option<String>,
    pub objects: Option<String>,
    pub backup: Option<String>,
    pub log: Option<String>,
    pub trace: Option<String>,
}

/// How services of other processes are reached and known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeersSection {
    /// `https://host:port` by service, several separated by commas; a name is looked up again and again, and every address that it has
    /// is a replica. A service of this process is called in this process, whatever stands here.
    pub addresses: BTreeMap<String, String>,
    /// `host:port` by service of this process: where peers of other processes reach it.
    pub listen: BTreeMap<String, String>,
    /// The folder with `<service>/{ca.crt,tls.crt,tls.key}`, PEM: who signs the certificates of peers, and who each service is.
    pub certificates: Option<PathBuf>,
    /// The trust domain of the SPIFFE URIs in certificates: `spiffe://<trust domain>/<service>`.
    pub trust_domain: String,
    /// The `iss` of access tokens (RFC 7519).
    pub issuer: String,
}
