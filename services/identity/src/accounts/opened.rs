//! An account in the clear, and how it is sealed again.

use contract::identity::v1::AgeBracket;
use personal_data::{Error, JsonValue, category, keys::DataKey};
use serde_json::json;

use super::{
    rows::account,
    rules::{Email, Language, known},
};

pub type AccountKey = DataKey<category::Account>;

/// What the sealed columns say. It has no `Debug`: all of it is personal.
pub struct Opened {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: Option<String>,
    pub age_bracket: AgeBracket,
    pub language: Language,
}

impl Opened {
    pub fn of(account: &account::Model, key: &AccountKey) -> Result<Self, Error> {
        let (age_bracket, language) = read(&account.open_profile(key)?);
        Ok(Self {
            first_name: account.open_first_name(key)?,
            last_name: account.open_last_name(key)?,
            email: account.open_email(key)?,
            phone: account.open_phone(key)?,
            age_bracket,
            language,
        })
    }

    /// What others may know of this person, and so no part of a good password.
    pub fn known(&self) -> Vec<String> {
        Email::parse(&self.email).map_or_else(|_| Vec::new(), |email| known(&self.first_name, &self.last_name, &email))
    }
}

/// The sealed document `profile`.
pub fn profile(age_bracket: AgeBracket, language: Language) -> JsonValue {
    json!({ "age_bracket": age_bracket.as_str_name(), "language": language.code() })
}

fn read(profile: &JsonValue) -> (AgeBracket, Language) {
    let text = |name: &str| profile.get(name).and_then(JsonValue::as_str).unwrap_or_default();
    let age_bracket = AgeBracket::from_str_name(text("age_bracket")).unwrap_or_default();
    // The policy answers in Russian when no language is named; so do we.
    (age_bracket, Language::parse(text("language"), "language").unwrap_or(Language::Ru))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_reads_back() {
        for language in [Language::Ru, Language::Kk, Language::En] {
            assert_eq!(read(&profile(AgeBracket::From14To17, language)), (AgeBracket::From14To17, language));
        }
        assert_eq!(read(&JsonValue::Null), (AgeBracket::Unspecified, Language::Ru));
    }
}
