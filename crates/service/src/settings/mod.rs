//! Settings: embedded defaults, then one file, then the environment; read whole before anything starts.

mod address;
mod part;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod validate;

use std::path::PathBuf;

use figment::{
    Figment,
    error::Kind,
    providers::{Format, Toml},
    value::{Dict, Value},
};
use foundation::Mode;
use serde::de::DeserializeOwned;

pub use part::{GATEWAY, NoSuchService, Part};
pub use sections::{Bus, Cache, Database, LogFormat, Objects, PeersSection, StorageLocation, Telemetry};
pub use source::Environment;
pub use validate::Refused;

const DEFAULTS: &str = include_str!("defaults.toml");

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{name} is not a setting: {known}; correct or remove it")]
    UnknownKey { name: String, known: String },
    #[error("the setting {name} cannot be used: {reason}")]
    Invalid { name: String, reason: String },
    #[error("the settings file {} cannot be read; correct KOLSAI_CONFIG or remove it", path.display())]
    NoSuchFile { path: PathBuf },
    #[error("these settings are refused in {mode} mode:\n{}", list(refused))]
    Refused { mode: Mode, refused: Vec<Refused> },
}

fn list(refused: &[Refused]) -> String {
    refused.iter().map(|one| format!("  - {one}")).collect::<Vec<_>>().join("\n")
}

/// The settings of this process. Sections of services are read by the services themselves.
#[derive(Clone)]
pub struct Settings {
    pub mode: Mode,
    /// Where the gateway listens.
    pub listen: String,
    /// The folder of the embedded engines.
    pub data: PathBuf,
    /// How people reach the school: the start of every mailed link.
    pub url: String,
    /// Where mail goes; `None` leaves it to the section of communication.
    pub mail: Option<String>,
    /// A named failpoint to end at; development only.
    pub failpoint: Option<String>,
    /// A file for the names of the failpoints that are passed; development only.
    pub failpoint_trace: Option<PathBuf>,
    /// Seconds by which the clock starts ahead of the system's, as if this process had been down for so long; development only.
    pub clock_ahead: Option<u64>,
    pub database: Database,
    pub bus: Bus,
    pub cache: Cache,
    pub objects: Objects,
    pub telemetry: Telemetry,
    pub storage_location: StorageLocation,
    pub peers: PeersSection,
    /// Which services this process runs: told on the command line, and not a setting.
    pub part: Part,
    figment: Figment,
}

impl Settings {
    /// Reads everything: the defaults of every service, the file named by `KOLSAI_CONFIG`, and this process's environment.
    pub fn load(defaults: &[&'static str]) -> Result<Self, SettingsError> {
        Self::load_from(defaults, Environment::of_process())
    }

    /// The same with another environment; tests use it.
    pub fn load_from(defaults: &[&'static str], environment: Environment) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        for text in defaults {
            figment = figment.merge(Toml::string(text));
        }
        let known = top_level(&figment)?;
        if let Some(path) = environment.config_file() {
            if !path.is_file() {
                return Err(SettingsError::NoSuchFile { path });
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        figment = figment.merge(environment);
        for name in top_level(&figment)?.keys() {
            if !known.contains_key(name) && !sections::CORE.contains(&name.as_str()) {
                return Err(unknown(std::slice::from_ref(name), &format!("there is no section `{name}`")));
            }
        }
        let core: sections::Core = figment.extract().map_err(|error| explain(error, None))?;
        Ok(core.into_settings(figment))
    }

    /// The same settings for a process that runs these services.
    pub fn for_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// A section by name, as the service that owns it declares it. A key that the type does not know is an error.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, SettingsError> {
        if self.figment.contains(name) {
            return self.figment.focus(name).extract().map_err(|error| explain(error, Some(name)));
        }
        // A section that nobody wrote is an empty one: its type's defaults hold.
        Value::from(Dict::new()).deserialize().map_err(|error| explain(error, Some(name)))
    }

    fn all(&self) -> Dict {
        top_level(&self.figment).unwrap_or_default()
    }
}

fn top_level(figment: &Figment) -> Result<Dict, SettingsError> {
    figment.extract::<Dict>().map_err(|error| explain(error, None))
}

/// Turns the reader's error into a sentence that names the key; never shows the value, which may be a secret.
fn explain(error: figment::Error, section: Option<&str>) -> SettingsError {
    let mut path = error.path.clone();
    // The reader knows nothing above the section that it reads.
    path.splice(0..0, section.map(str::to_owned));
    match &error.kind {
        Kind::UnknownField(field, known) => {
            if path.last() != Some(field) {
                path.push(field.clone());
            }
            unknown(&path, &format!("`{}` knows {}", path[..path.len() - 1].join("."), known.join(", ")))
        }
        Kind::MissingField(field) => {
            if path.last().map(String::as_str) != Some(field.as_ref()) {
                path.push(field.to_string());
            }
            SettingsError::Invalid { name: name_of(&path), reason: "it is required and has no default".into() }
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) | Kind::InvalidLength(_, expected) => {
            SettingsError::Invalid { name: name_of(&path), reason: format!("expected {expected}") }
        }
        Kind::UnknownVariant(_, known) => {
            SettingsError::Invalid { name: name_of(&path), reason: format!("expected one of {}", known.join(", ")) }
        }
        Kind::Message(message) if path.is_empty() => SettingsError::Invalid { name: "KOLSAI_CONFIG".into(), reason: message.clone() },
        _ => SettingsError::Invalid { name: name_of(&path), reason: "it is not of the right kind".into() },
    }
}

fn unknown(path: &[String], known: &str) -> SettingsError {
    SettingsError::UnknownKey { name: name_of(path), known: known.to_owned() }
}

/// The name under which the environment would give it.
fn name_of(path: &[String]) -> String {
    format!("KOLSAI__{}", path.join("__").to_uppercase())
}
