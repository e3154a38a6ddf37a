//! Settings of privacy: `KOLSAI__PRIVACY__…`.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The operator, as the consent must name it (94-V art. 8).
    pub operator_name: String,
    /// Business identification number, twelve digits.
    #[serde(deserialize_with = "digits")]
    pub operator_bin: String,
    /// The key-encryption key; in development it is made in the data folder when this is not set.
    pub key_encryption_key_file: Option<PathBuf>,
    /// The same by its address: `file:<path>`, `vault:https://host:port/<mount>/<key>` (the transit engine), or
    /// `aws-kms:https://host/<region>/<key>`.
    pub key_encryption_key: Option<String>,
    /// Addresses of those that still open what they wrapped, until everything is wrapped anew.
    pub former_key_encryption_keys: Vec<String>,
    /// A file with Vault's token, or the secret of the access key.
    pub key_service_token_file: Option<PathBuf>,
    pub key_service_access_key: Option<String>,
    /// A PEM file of the authorities that the key service's certificate is checked against; without it, the system's.
    pub key_service_authority: Option<PathBuf>,
    /// The Ed25519 key of receipts; likewise.
    pub receipt_key_file: Option<PathBuf>,
    /// The second day off beside Sunday, 1 (Monday) to 6 (Saturday): the employer's rule.
    pub second_day_off: i8,
    /// Moved days off and days announced since, in the form of `terms/calendar.toml`.
    pub calendar_file: Option<PathBuf>,
    /// For how many days an ordered erasure may be taken back before it acts, at most 14; its own term runs meanwhile.
    pub erasure_grace_days: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            operator_name: "Kolsai School of Landscape Photography".into(),
            operator_bin: "000000000000".into(),
            key_encryption_key_file: None,
            key_encryption_key: None,
            former_key_encryption_keys: Vec::new(),
            key_service_token_file: None,
            key_service_access_key: None,
            key_service_authority: None,
            receipt_key_file: None,
            second_day_off: 6,
            calendar_file: None,
            erasure_grace_days: 0,
        }
    }
}

/// Twelve digits read as a number where settings come from the environment.
fn digits<'de, D: serde::Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Digits {
        Text(String),
        Number(u64),
    }
    Ok(match Digits::deserialize(value)? {
        Digits::Text(text) => text,
        Digits::Number(number) => number.to_string(),
    })
}
