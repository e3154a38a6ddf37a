//! The settings of analytics: the section `analytics`.

use foundation::Mode;
use serde::Deserialize;

/// As `KOLSAI__ANALYTICS__…` and the settings file give them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether reports show a school of made-up learners. Learning, where facts come from, makes it up at its first start. Absent:
    /// in development yes, in production no.
    pub demo_school: Option<bool>,
}

/// A setting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("KOLSAI__ANALYTICS__DEMO_SCHOOL: made-up learners stay out of production; set it to false")]
    DemoInProduction,
}

impl Config {
    pub fn validate(&self, mode: Mode) -> Result<(), ConfigError> {
        if self.demo_school == Some(true) && mode == Mode::Production { Err(ConfigError::DemoInProduction) } else { Ok(()) }
    }

    /// Whether a school is made up in this mode.
    pub fn makes_demo_school(&self, mode: Mode) -> bool {
        mode == Mode::Development && self.demo_school.unwrap_or(true)
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
        assert!(analytics.makes_demo_school(Mode::Development) && !analytics.makes_demo_school(Mode::Production));
        assert!(!Config { demo_school: Some(false) }.makes_demo_school(Mode::Development));
        for (demo_school, production) in [(None, Ok(())), (Some(false), Ok(())), (Some(true), Err(ConfigError::DemoInProduction))] {
            assert_eq!(Config { demo_school }.validate(Mode::Development), Ok(()));
            assert_eq!(Config { demo_school }.validate(Mode::Production), production);
        }
    }
}
