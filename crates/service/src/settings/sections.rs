//! The sections that belong to the house and to no service.

use std::{collections::BTreeMap, path::PathBuf};

use figment::Figment;
use foundation::Mode;
use serde::Deserialize;

use super::Settings;

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
            figment,
        }
    }
}

/// Where rows live.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…`, from which every service gets its own database `kolsai_<service>`; absent, SQLite files in the data folder.
    pub base: Option<String>,
    /// A whole address for one service in place of the derived one: its own role, its own server.
    pub addresses: BTreeMap<String, String>,
}

/// Where events travel.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bus {
    pub address: String,
}

/// Where short-lived values are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    pub address: String,
}

/// Where files are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// `s3+https://key:secret@host/bucket`, or `file:folder`; absent, a folder in the data folder.
    pub address: Option<String>,
}

/// What is told about the running process, and to whom.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `https://collector:4317`; absent, traces stay on the console.
    pub otlp_endpoint: Option<String>,
    /// PEM file of the authority that signed the collector's certificate.
    pub otlp_authority: Option<PathBuf>,
    pub log_format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
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
    /// `https://…` by service; a service that is not named runs in this process.
    pub addresses: BTreeMap<String, String>,
    /// PEM files: who signed the certificates of peers, and the certificate and key of this process.
    pub authority: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The `iss` of access tokens (RFC 7519).
    pub issuer: String,
}
