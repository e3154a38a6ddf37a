//! The settings of learning: the section `learning`.

use serde::Deserialize;

/// As `KOLSAI__LEARNING__…` and the settings file give them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Photographs decoded at the same time.
    pub decode_at_once: usize,
    /// Memory that decoding one may take, in bytes.
    pub decode_memory_bytes: u64,
    /// Minutes for which a prepared upload is good; at most a day.
    pub upload_minutes: u64,
    /// Whether made-up learners have studied here before the first start. Said by `analytics.demo_school`, which the statistics
    /// belong to; development only.
    #[serde(skip)]
    pub demo_school: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { decode_at_once: 2, decode_memory_bytes: 1 << 30, upload_minutes: 60, demo_school: false }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("KOLSAI__LEARNING__DECODE_AT_ONCE is from 1 to 64")]
    DecodeAtOnce,
    #[error("KOLSAI__LEARNING__DECODE_MEMORY_BYTES is at least 67108864 (64 MiB)")]
    DecodeMemory,
    #[error("KOLSAI__LEARNING__UPLOAD_MINUTES is from 1 to 1440, a day")]
    UploadMinutes,
}

impl Config {
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=64).contains(&self.decode_at_once) {
            return Err(ConfigError::DecodeAtOnce);
        }
        if self.decode_memory_bytes < 64 << 20 {
            return Err(ConfigError::DecodeMemory);
        }
        if (1..=1440).contains(&self.upload_minutes) { Ok(()) } else { Err(ConfigError::UploadMinutes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        #[derive(Deserialize)]
        struct Defaults {
            learning: Config,
        }
        let defaults: Defaults = toml::from_str(crate::DEFAULTS).unwrap();
        assert_eq!(defaults.learning, Config::default());
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(Config { decode_at_once: 0, ..Config::default() }.validate(), Err(ConfigError::DecodeAtOnce));
        assert_eq!(Config { decode_memory_bytes: 1, ..Config::default() }.validate(), Err(ConfigError::DecodeMemory));
        assert_eq!(Config { upload_minutes: 1441, ..Config::default() }.validate(), Err(ConfigError::UploadMinutes));
    }
}
