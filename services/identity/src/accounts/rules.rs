//! What may stand in an account.

use std::collections::BTreeSet;

use contract::{Purpose, identity::v1 as pb};
use pb::AgeBracket;

use super::Invalid;
use crate::passwords::Password;

/// An address in its one spelling: trimmed, lower case. Silent in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Takes what mail servers take unquoted (RFC 5321, 4.1.2), in ASCII.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let email = text.trim().to_ascii_lowercase();
        let (local, domain) = email.rsplit_once('@').ok_or(Invalid::Email)?;
        let atom = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
        let label = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let good = email.len() <= 254
            && local.len() <= 64
            && local.split('.').all(atom)
            && domain.contains('.')
            && domain.split('.').all(label)
            // A domain that ends in digits alone is an address of the network layer.
            && !domain.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
        if good { Ok(Self(email)) } else { Err(Invalid::Email) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<e-mail>")
    }
}

/// In which the school speaks to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Ru,
    Kk,
    En,
}

impl Language {
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Invalid> {
        match text {
            "ru" => Ok(Self::Ru),
            "kk" => Ok(Self::Kk),
            "en" => Ok(Self::En),
            _ => Err(Invalid::Language { field }),
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Kk => "kk",
            Self::En => "en",
        }
    }
}

/// Trimmed, 1 to 100 characters, nothing that a terminal or a mail header would obey.
pub fn name(text: &str, field: &'static str) -> Result<String, Invalid> {
    let name = text.trim();
    match name.chars().count() {
        1..=100 if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => Err(Invalid::Name { field }),
    }
}

/// E.164, or none when empty. Spaces, hyphens and brackets are how people write it, and are dropped.
pub fn phone(text: &str, field: &'static str) -> Result<Option<String>, Invalid> {
    let phone: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    if phone.is_empty() && !foundation::sabotage::breaks("P03") {
        return Ok(None);
    }
    let digits = phone.strip_prefix('+').ok_or(Invalid::Phone { field })?;
    let good = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if good { Ok(Some(phone)) } else { Err(Invalid::Phone { field }) }
}

pub fn password(text: String, field: &'static str) -> Result<Password, Invalid> {
    let password = Password::new(text);
    match password.chars().count() {
        12..=512 => Ok(password),
        _ => Err(Invalid::PasswordLength { field }),
    }
}

/// A consent as its giver sent it; whether its text is the published one is asked elsewhere.
#[derive(Clone, Debug)]
pub struct Consent {
    pub purpose: Purpose,
    pub text_version: String,
    pub text_hash: String,
    pub language: Language,
}

fn consents(given: Vec<pb::ConsentGiven>) -> Result<Vec<Consent>, Invalid> {
    let mut purposes = BTreeSet::new();
    let mut consents = Vec::with_capacity(given.len().min(16));
    for one in given {
        let purpose = Some(one.purpose()).filter(|purpose| *purpose != Purpose::Unspecified).ok_or(Invalid::ConsentPurpose)?;
        if !purposes.insert(purpose) {
            return Err(Invalid::ConsentTwice);
        }
        let language = Language::parse(&one.language, "consents.language")?;
        consents.push(Consent { purpose, text_version: one.text_version, text_hash: one.text_hash, language });
    }
    if purposes.contains(&Purpose::Account) { Ok(consents) } else { Err(Invalid::ConsentMissing) }
}

/// A registration whose every part may stand. It has no `Debug`: all of it is personal.
pub struct Registration {
    pub first_name: String,
    pub last_name: String,
    pub email: Email,
    pub phone: Option<String>,
    pub age_bracket: AgeBracket,
    pub language: Language,
    pub password: Password,
    pub consents: Vec<Consent>,
}

impl Registration {
    pub fn read(ask: pb::RegisterRequest) -> Result<Self, Invalid> {
        let age_bracket = ask.age_bracket();
        match age_bracket {
            AgeBracket::Unspecified => return Err(Invalid::AgeBracket),
            AgeBracket::Under14 => return Err(Invalid::ParentMustRegister),
            AgeBracket::From14To17 | AgeBracket::Adult => {}
        }
        Ok(Self {
            first_name: name(&ask.first_name, "first_name")?,
            last_name: name(&ask.last_name, "last_name")?,
            email: Email::parse(&ask.email)?,
            phone: phone(&ask.phone, "phone")?,
            age_bracket,
            language: Language::parse(&ask.language, "language")?,
            password: password(ask.password, "password")?,
            consents: consents(ask.consents)?,
        })
    }

    /// What others may know of this person, and so no part of a good password.
    pub fn known(&self) -> Vec<String> {
        known(&self.first_name, &self.last_name, &self.email)
    }
}

pub fn known(first_name: &str, last_name: &str, email: &Email) -> Vec<String> {
    vec![first_name.to_owned(), last_name.to_owned(), email.as_str().to_owned(), email.local().to_owned()]
}

/// What a profile update changes. Outer `None`: untouched.
#[derive(Default)]
pub struct Changes {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<Option<String>>,
    pub language: Option<Language>,
}

impl Changes {
    pub fn read(profile: &pb::Profile, mask: &[String]) -> Result<Self, Invalid> {
        if mask.is_empty() {
            return Err(Invalid::MaskMissing);
        }
        let mut changes = Self::default();
        for path in mask {
            match path.as_str() {
                "first_name" => changes.first_name = Some(name(&profile.first_name, "profile.first_name")?),
                "last_name" => changes.last_name = Some(name(&profile.last_name, "profile.last_name")?),
                "phone" => changes.phone = Some(phone(&profile.phone, "profile.phone")?),
                "language" => changes.language = Some(Language::parse(&profile.language, "profile.language")?),
                "email" => return Err(Invalid::EmailNeedsConfirmation),
                _ => return Err(Invalid::MaskUnknown),
            }
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests;
