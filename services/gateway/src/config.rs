//! What an operator may set of the gateway.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use foundation::Mode;
use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};

use crate::InitError;

/// No setting lets the body of a call grow beyond this: photographs are uploads, and no service's messages.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The section `gateway` of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The name under which the school shows itself on its pages.
    pub school: String,
    /// Where the gateway listens; port 0 takes any free one.
    pub listen: SocketAddr,
    pub tls: Tls,
    /// Where the generated development certificate is kept: `dev-ca.pem`, `localhost.pem`, `localhost.key`.
    pub certificate_folder: PathBuf,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Larger limits in bytes for single media types: `application/zip`, or `application/grpc` for gRPC messages. At most 10 MiB.
    pub larger_bodies: BTreeMap<String, usize>,
    /// Largest list of request headers in bytes, names and values.
    pub max_header_bytes: usize,
    /// Origins whose pages may call: `https://school.kz`. Empty means none.
    pub allowed_origins: Vec<String>,
    /// Keys of `tracestate` that go on to the services. The rest is left out: anybody can write anything there, and traces are kept.
    pub tracestate_keys: Vec<String>,
    pub limits: Limits,
    pub uploads: Uploads,
    /// Seconds that a call may take until its answer begins; a caller may ask for less.
    pub default_deadline_seconds: u64,
    /// Seconds that calls under way may still take when the gateway stops.
    pub drain_seconds: u64,
}

/// A certificate of one's own, in PEM. Production demands both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate and its chain.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// How much one address, and all together, may ask. An address is an IPv4 address or an IPv6 network of 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Cost that an address regains every second; a call costs what its rule says.
    pub per_address_per_second: u32,
    /// Cost that an address may spend at once.
    pub burst: u32,
    /// Addresses remembered apart; further ones share their buckets.
    pub max_addresses: usize,
    /// Calls under way at once, all addresses together.
    pub max_concurrent_calls: usize,
    pub max_connections: usize,
    /// Calls under way at once on one HTTP/2 connection.
    pub max_streams_per_connection: u32,
}

/// Uploads into an embedded object store. A real one is reached directly, and these do not concern it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    /// Largest upload in bytes.
    pub max_bytes: u64,
    /// Uploads under way at once, all addresses together.
    pub max_concurrent: usize,
    /// Seconds that an upload may take.
    pub deadline_seconds: u64,
    /// What an upload takes of its address's limit.
    pub cost: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            school: "Kolsai".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            tls: Tls::default(),
            certificate_folder: PathBuf::from("data/certificates"),
            max_body_bytes: 1024 * 1024,
            larger_bodies: BTreeMap::new(),
            max_header_bytes: 16 * 1024,
            allowed_origins: Vec::new(),
            tracestate_keys: Vec::new(),
            limits: Limits::default(),
            uploads: Uploads::default(),
            default_deadline_seconds: 15,
            drain_seconds: 20,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_address_per_second: 50,
            burst: 200,
            max_addresses: 100_000,
            max_concurrent_calls: 1_024,
            max_connections: 4_096,
            max_streams_per_connection: 128,
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        // The largest photograph that is taken in, and some room.
        Self { max_bytes: 80 * 1024 * 1024 + 64 * 1024, max_concurrent: 64, deadline_seconds: 600, cost: 10 }
    }
}

impl Config {
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.default_deadline_seconds)
    }

    /// Largest body of a media type (`type/subtype`, lower case).
    pub(crate) fn max_body_of(&self, media_type: &str) -> usize {
        self.larger_bodies.get(media_type).copied().unwrap_or(0).max(self.max_body_bytes)
    }

    pub(crate) fn validate(&self, mode: Mode) -> Result<(), InitError> {
        let refuse = |field: &'static str, message: &'static str| Err(InitError::Config { field, message });
        if mode == Mode::Development && !self.listen.ip().is_loopback() {
            return refuse("gateway.listen", "development listens on loopback only");
        }
        if self.max_body_bytes > LARGEST_BODY || self.larger_bodies.values().any(|bytes| *bytes > LARGEST_BODY) {
            return refuse("gateway.max_body_bytes", "no body may be larger than 10 MiB (10485760 bytes); `larger_bodies` neither");
        }
        if self.larger_bodies.keys().any(|media_type| *media_type != media_type.to_ascii_lowercase() || !media_type.contains('/')) {
            return refuse("gateway.larger_bodies", "name media types in lower case and without parameters, as in `application/zip`");
        }
        if !(1..=300).contains(&self.default_deadline_seconds) {
            return refuse("gateway.default_deadline_seconds", "a deadline is 1 to 300 seconds");
        }
        let limits = &self.limits;
        if limits.per_address_per_second == 0 || limits.burst == 0 {
            return refuse("gateway.limits", "`per_address_per_second` and `burst` are at least 1");
        }
        if limits.max_addresses == 0
            || limits.max_concurrent_calls == 0
            || limits.max_connections == 0
            || limits.max_streams_per_connection == 0
        {
            return refuse("gateway.limits", "every maximum is at least 1");
        }
        let uploads = &self.uploads;
        if uploads.max_bytes == 0 || uploads.max_concurrent == 0 || uploads.deadline_seconds == 0 || uploads.cost == 0 {
            return refuse("gateway.uploads", "every number is at least 1");
        }
        if self.allowed_origins.iter().any(|origin| !is_origin(origin, mode)) {
            return refuse(
                "gateway.allowed_origins",
                "an origin is written `https://host` or `https://host:port`, without a path; development also takes `http://localhost:port`",
            );
        }
        Ok(())
    }
}

fn is_origin(origin: &str, mode: Mode) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let local = mode == Mode::Development && scheme == "http" && matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    // Browsers write origins without path or trailing slash, so a text that differs from the rebuilt one would never match.
    (scheme == "https" || local) && origin == format!("{scheme}://{authority}") && HeaderValue::from_str(origin).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_say_everything() {
        let config: Config = toml::from_str("").unwrap();
        assert_eq!(config, Config::default());
        config.validate(Mode::Development).unwrap();
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(toml::from_str::<Config>("max_body = 1").is_err());
        assert!(toml::from_str::<Config>("[limits]\nburts = 1").is_err());
    }

    #[test]
    fn origins_are_exact() {
        for (origin, mode, good) in [
            ("https://school.kz", Mode::Production, true),
            ("https://school.kz:8443", Mode::Production, true),
            ("http://localhost:5173", Mode::Development, true),
            ("http://localhost:5173", Mode::Production, false),
            ("https://school.kz/", Mode::Production, false),
            ("*", Mode::Production, false),
            ("null", Mode::Production, false),
        ] {
            assert_eq!(is_origin(origin, mode), good, "{origin}");
        }
    }

    #[test]
    fn bodies_have_an_upper_bound_and_development_stays_at_home() {
        let mut config = Config { max_body_bytes: LARGEST_BODY + 1, ..Config::default() };
        assert!(config.validate(Mode::Development).is_err());
        config = Config { listen: SocketAddr::from(([0, 0, 0, 0], 1)), ..Config::default() };
        assert!(config.validate(Mode::Development).is_err());
        config.validate(Mode::Production).unwrap();
    }
}
