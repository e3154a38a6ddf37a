//! The environment, read in this one place.

use std::path::PathBuf;

use figment::{
    Metadata, Profile, Provider,
    util::nest,
    value::{Dict, Map, Value},
};

/// Only this prefix is strict: orchestrators put names of their own beside ours.
const STRICT: &str = "KOLSAI__";

/// Documented short names, and the settings that they stand for.
const SHORT: &[(&str, &str)] = &[
    ("KOLSAI_MODE", "mode"),
    ("KOLSAI_LISTEN", "listen"),
    ("KOLSAI_DATA", "data"),
    ("KOLSAI_URL", "url"),
    ("KOLSAI_MAIL", "mail"),
    ("KOLSAI_FAILPOINT", "failpoint"),
    ("KOLSAI_FAILPOINT_TRACE", "failpoint_trace"),
];

const CONFIG_FILE: &str = "KOLSAI_CONFIG";

/// Name and value pairs that settings are read from.
#[derive(Clone, Default)]
pub struct Environment {
    pairs: Vec<(String, String)>,
}

impl Environment {
    /// The environment of this process. A name or value that is not UTF-8 is none of ours.
    #[allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))))
    }

    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| name.starts_with("KOLSAI_")).collect();
        // Short names first: the full name of the same setting wins.
        pairs.sort_by_key(|(name, _)| (name.starts_with(STRICT), name.clone()));
        Self { pairs }
    }

    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.pairs.iter().find(|(name, value)| name == CONFIG_FILE && !value.is_empty()).map(|(_, value)| PathBuf::from(value))
    }

    /// `(a.b.c, value)` of every pair that is a setting.
    fn settings(&self) -> impl Iterator<Item = (String, Value)> {
        self.pairs.iter().filter_map(|(name, value)| {
            if let Some(path) = name.strip_prefix(STRICT) {
                return Some((path.to_lowercase().replace("__", "."), parse(value)));
            }
            let (_, path) = SHORT.iter().find(|(short, _)| short == name)?;
            Some(((*path).to_owned(), Value::from(value.as_str())))
        })
    }
}

/// Numbers, booleans, arrays and tables as TOML would read them; anything else is text.
fn parse(value: &str) -> Value {
    value.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut all = figment::Figment::new();
        for (path, value) in self.settings() {
            if let Value::Dict(_, dict) = nest(&path, value) {
                all = all.merge(One(dict));
            }
        }
        all.data()
    }
}

struct One(Dict);

impl Provider for One {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}
