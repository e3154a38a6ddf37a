//! A shared key of the settings: never shown, wiped when dropped.

use std::{fmt, sync::Arc};

use serde::Deserialize;
use zeroize::Zeroizing;

/// Clones share the bytes.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it ships with the source.
    pub(crate) fn is_development(&self) -> bool {
        self.0.starts_with("development:")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<withheld>")
    }
}
