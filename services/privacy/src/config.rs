//! Settings of privacy: `KOLSAI__PRIVACY__…`.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The operator, as the consent must name it (94-V art. 8).
    pub operator_name: String,
    /// Business identification number, twelve digits.
    pub operator_bin: String,
    /// The key-encryption key; in development it is made in the data folder when this is not set.
    pub key_encryption_key_file: Option<PathBuf>,
    /// The Ed25519 key of receipts; likewise.
    pub receipt_key_file: Option<PathBuf>,
    /// The second day off beside Sunday, 1 (Monday) to 6 (Saturday): the employer's rule.
    pub second_day_off: i8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            operator_name: "Kolsai School of Landscape Photography".into(),
            operator_bin: "000000000000".into(),
            key_encryption_key_file: None,
            receipt_key_file: None,
            second_day_off: 6,
        }
    }
}
