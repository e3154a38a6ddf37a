//! What may stand in an account.

use std::collections::BTreeSet;

use contract::{Purpose, identity::v1 as pb};
use foundation::contact;
use pb::AgeBracket;

use super::Invalid;
use crate::passwords::Password;

/// An address in its one spelling: trimmed, lower case. Silent in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let email = contact::email(text).map_err(|_| Invalid::Email)?;
        Ok(Self(email.to_ascii_lowercase()))
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

pub fn name(text: &str, field: &'static str) -> Result<String, Invalid> {
    contact::name(text).map(str::to_owned).map_err(|_| Invalid::Name { field })
}

/// E.164, or none when empty.
pub fn phone(text: &str, field: &'static str) -> Result<Option<String>, Invalid> {
    if text.trim().is_empty() && !foundation::sabotage::breaks("P03") {
        return Ok(None);
    }
    contact::phone(text).map(Some).map_err(|_| Invalid::Phone { field })
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
        let purpose = match one.purpose() {
            purpose @ (Purpose::Account | Purpose::Newsletter) => purpose,
            _ => return Err(Invalid::UnexpectedConsent),
        };
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
            // Nobody can record a parent's consent yet, and without it there is no account.
            AgeBracket::From14To17 => return Err(Invalid::ParentMustConsent),
            AgeBracket::Adult => {}
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
