//! The name of an object: a prefix that says what it is, and a random identifier that says nothing.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The rooms of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// What a person has just sent, not yet looked at; swept after a day.
    Incoming,
    /// The photograph as it was sent, stripped and sealed.
    Originals,
    /// Smaller pictures made of an original, sealed.
    Renditions,
}

impl Prefix {
    /// The first segment of the key, without a slash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Originals => "originals",
            Self::Renditions => "renditions",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Incoming, Self::Originals, Self::Renditions].into_iter().find(|prefix| prefix.as_str() == text)
    }
}

/// `<prefix>/<uuid>`, the UUID in its hyphenated lowercase form. Holds no name, no person and no time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub struct ObjectKey(String);

/// A text that is no object key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object key is `incoming/`, `originals/` or `renditions/` and a UUID in lowercase with hyphens")]
pub struct ObjectKeyError;

impl ObjectKey {
    /// A fresh key: version 4, so that two keys of one person have nothing in common.
    pub fn new(prefix: Prefix) -> Self {
        Self::of(prefix, Uuid::new_v4())
    }

    /// The key of a known identifier, for a step that must find the same object when it runs again.
    pub fn of(prefix: Prefix, id: Uuid) -> Self {
        Self(format!("{}/{}", prefix.as_str(), id.hyphenated()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this object lies in `prefix`.
    pub fn is_in(&self, prefix: Prefix) -> bool {
        self.0.split_once('/').is_some_and(|(first, _)| first == prefix.as_str())
    }
}

impl FromStr for ObjectKey {
    type Err = ObjectKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (prefix, id) = text.split_once('/').ok_or(ObjectKeyError)?;
        let key = Self::of(Prefix::parse(prefix).ok_or(ObjectKeyError)?, Uuid::try_parse(id).map_err(|_| ObjectKeyError)?);
        // One object, one spelling: UUIDs in capitals or braces would be other keys to the store.
        if key.0 == text { Ok(key) } else { Err(ObjectKeyError) }
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_reads_back_as_itself() {
        for prefix in [Prefix::Incoming, Prefix::Originals, Prefix::Renditions] {
            let key = ObjectKey::new(prefix);
            assert_eq!(key.as_str().parse(), Ok(key.clone()));
            assert!(key.is_in(prefix));
        }
    }

    #[test]
    fn anything_else_is_no_key() {
        let id = Uuid::nil();
        for text in [
            String::new(),
            "incoming".into(),
            "incoming/".into(),
            format!("elsewhere/{id}"),
            format!("/incoming/{id}"),
            format!("incoming/{id}/"),
            format!("incoming/../originals/{id}"),
            format!("incoming/{}", id.simple()),
            format!("incoming/{}", id.braced()),
            "incoming/AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA".into(),
        ] {
            assert_eq!(text.parse::<ObjectKey>(), Err(ObjectKeyError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_never_changes_what_it_accepts(text in "\\PC{0,60}") {
            if let Ok(key) = text.parse::<ObjectKey>() {
                prop_assert_eq!(key.as_str(), text);
            }
        }
    }
}
