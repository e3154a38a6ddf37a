//! What an operator may set of identity.

use std::{path::PathBuf, time::Duration};

use foundation::Mode;
use serde::Deserialize;

/// Argon2id at its weakest that OWASP's password storage cheat sheet still recommends: 19 MiB, two passes, one lane.
const WEAKEST_MEMORY_KIB: u32 = 19 * 1024;
const FEWEST_PASSES: u32 = 2;

/// The section `identity` of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Memory of one password hash in KiB. Raising it upgrades each stored hash at its owner's next sign-in.
    pub password_memory_kib: u32,
    /// Passes of one password hash; raised likewise.
    pub password_passes: u32,
    /// Password hashes at work at once; further ones wait.
    pub hashing_at_once: usize,
    /// The private key of access tokens: Ed25519 in PKCS #8, PEM. Absent, development makes one in the data folder.
    pub signing_key_file: Option<PathBuf>,
    /// Accounts to try the school with. Absent: in development yes, in production no.
    pub demo_accounts: Option<bool>,
    /// The e-mail of a confirmed account that becomes administrator while there is none.
    pub first_administrator: Option<String>,
    /// An account that nobody has used for so many days is at its end: the relation with its person is over.
    pub unused_days: u32,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("KOLSAI__IDENTITY__{setting}: {message}")]
pub struct ConfigError {
    pub setting: &'static str,
    pub message: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            password_memory_kib: WEAKEST_MEMORY_KIB,
            password_passes: FEWEST_PASSES,
            hashing_at_once: 2,
            signing_key_file: None,
            demo_accounts: None,
            first_administrator: None,
            unused_days: 3 * 365 + 1,
        }
    }
}

impl Config {
    pub(crate) fn validate(&self, mode: Mode) -> Result<(), ConfigError> {
        let refuse = |setting, message| Err(ConfigError { setting, message });
        if !(WEAKEST_MEMORY_KIB..=1024 * 1024).contains(&self.password_memory_kib) {
            return refuse("PASSWORD_MEMORY_KIB", "a password hash takes 19456 KiB to 1 GiB");
        }
        if !(FEWEST_PASSES..=32).contains(&self.password_passes) {
            return refuse("PASSWORD_PASSES", "a password hash takes 2 to 32 passes");
        }
        if !(1..=64).contains(&self.hashing_at_once) {
            return refuse("HASHING_AT_ONCE", "1 to 64 password hashes may be at work at once");
        }
        if !(365..=3650).contains(&self.unused_days) {
            return refuse("UNUSED_DAYS", "an account may lie unused for 365 to 3650 days");
        }
        if mode == Mode::Production && self.signing_key_file.is_none() {
            return refuse(
                "SIGNING_KEY_FILE",
                "production needs a key of its own: `openssl genpkey -algorithm ed25519 -out identity-signing.key`",
            );
        }
        if mode == Mode::Production && self.demo_accounts == Some(true) {
            return refuse("DEMO_ACCOUNTS", "demonstrations stay out of production; set it to false");
        }
        Ok(())
    }

    pub(crate) fn unused(&self) -> Duration {
        Duration::from_secs(u64::from(self.unused_days) * 24 * 3600)
    }

    /// Whether demo accounts are made in this mode.
    pub fn makes_demo_accounts(&self, mode: Mode) -> bool {
        mode == Mode::Development && self.demo_accounts.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_defaults_are_the_defaults() {
        #[derive(Deserialize)]
        struct File {
            identity: Config,
        }
        let file: File = toml::from_str(crate::DEFAULTS).unwrap();
        assert_eq!(file.identity, Config::default());
        file.identity.validate(Mode::Development).unwrap();
        assert!(toml::from_str::<Config>("demo_account = true").is_err());
    }

    #[test]
    fn production_wants_its_own_key_and_no_demonstration() {
        let own = Config { signing_key_file: Some("key".into()), ..Config::default() };
        assert_eq!(Config::default().validate(Mode::Production).unwrap_err().setting, "SIGNING_KEY_FILE");
        own.validate(Mode::Production).unwrap();
        assert!(!own.makes_demo_accounts(Mode::Production));
        assert!(own.makes_demo_accounts(Mode::Development));
        let demo = Config { demo_accounts: Some(true), ..own };
        assert_eq!(demo.validate(Mode::Production).unwrap_err().setting, "DEMO_ACCOUNTS");
    }

    #[test]
    fn no_setting_makes_passwords_cheap() {
        let cheap = Config { password_memory_kib: 1024, ..Config::default() };
        assert_eq!(cheap.validate(Mode::Development).unwrap_err().setting, "PASSWORD_MEMORY_KIB");
    }
}
