//! The settings of analytics: the section `analytics`.

use foundation::Mode;
use serde::Deserialize;

/// As `KOLSAI__ANALYTICS__…` and the settings file give them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether reports show a school of made-up learners. Learning, where facts come from, makes it up at its first start.
    pub demo_school: bool,
}

/// A setting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("KOLSAI__ANALYTICS__DEMO_SCHOOL: made-up learners stay out of production; set it to false")]
    DemoInProduction,
}

impl Config {
    pub fn validate(&self, mode: Mode) -> Result<(), ConfigError> {
        if self.demo_school && mode == Mode::Production { Err(ConfigError::DemoInProduction) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_school_is_for_development() {
        #[derive(Deserialize)]
        struct Defaults {
            analytics: Config,
        }
        let Defaults { analytics } = toml::from_str(crate::DEFAULTS).unwrap();
        assert!(analytics.demo_school);
        assert_eq!(analytics.validate(Mode::Development), Ok(()));
        assert_eq!(analytics.validate(Mode::Production), Err(ConfigError::DemoInProduction));
        assert_eq!(Config { demo_school: false }.validate(Mode::Production), Ok(()));
    }
}
