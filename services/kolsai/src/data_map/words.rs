//! What the codes of the map are called in the languages of the policy.

use std::collections::BTreeMap;

use contract::{Category, Purpose};
use personal_data::map::{After, Keep, Span};
use serde::Deserialize;

use super::WordsError;

/// A language that the policy is published in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Ru,
    Kk,
    En,
}

impl Language {
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Ru => ("ru", include_str!("../../words/ru.toml")),
            Self::Kk => ("kk", include_str!("../../words/kk.toml")),
            Self::En => ("en", include_str!("../../words/en.toml")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub heading: BTreeMap<String, String>,
    category: BTreeMap<String, String>,
    /// Whose data a category is.
    people: BTreeMap<String, String>,
    purpose: BTreeMap<String, String>,
    /// What kind of data a word of the map stands for.
    kind: BTreeMap<String, String>,
    keep: BTreeMap<String, String>,
    recipient: BTreeMap<String, String>,
    basis: BTreeMap<String, String>,
    pub measures: Vec<String>,
}

impl Words {
    pub fn of(language: Language) -> Result<Self, WordsError> {
        let (language, file) = language.file();
        toml::from_str(file).map_err(|source| WordsError { language, source })
    }

    /// What is missing shows as its code: the tests find it.
    fn or<'a>(words: &'a BTreeMap<String, String>, code: &'a str) -> &'a str {
        words.get(code).map_or(code, String::as_str)
    }

    pub fn heading<'a>(&'a self, code: &'a str) -> &'a str {
        Self::or(&self.heading, code)
    }

    pub fn category(&self, category: Category) -> &str {
        Self::or(&self.category, category.as_str_name())
    }

    pub fn people(&self, category: Category) -> &str {
        Self::or(&self.people, category.as_str_name())
    }

    pub fn purpose(&self, purpose: Purpose) -> &str {
        Self::or(&self.purpose, purpose.as_str_name())
    }

    pub fn recipient<'a>(&'a self, name: &'a str) -> &'a str {
        Self::or(&self.recipient, name)
    }

    /// None for words that are no data about a person by themselves.
    pub fn kind(&self, word: &str) -> Option<&str> {
        self.kind.get(word).map(String::as_str).filter(|text| !text.is_empty())
    }

    #[cfg(test)]
    pub fn knows_kind(&self, word: &str) -> bool {
        self.kind.contains_key(word)
    }

    /// A basis as the contract writes it, with its first word in this language.
    pub fn basis(&self, basis: &str) -> String {
        match basis.split_once(", ") {
            Some((word, article)) => format!("{}, {article}", Self::or(&self.basis, word)),
            None => basis.to_owned(),
        }
    }

    pub fn keep(&self, keep: &Keep) -> String {
        let (after, none) = match keep.after {
            After::RelationEnd => ("relation_end", "until_relation_end"),
            After::Created => ("created", "created"),
            After::LastUse => ("last_use", "last_use"),
            After::Ended => ("ended", "until_ended"),
            After::TaxPeriod => ("tax_period", "tax_period"),
        };
        let span = match keep.span {
            Span::Years(0) | Span::Days(0) => return Self::or(&self.keep, none).replace("{span}", &self.days(0)),
            Span::Years(years) => Self::or(&self.keep, "years").replace("{n}", &years.to_string()),
            Span::Days(days) => self.days(days),
        };
        Self::or(&self.keep, after).replace("{span}", &span)
    }

    fn days(&self, days: u32) -> String {
        Self::or(&self.keep, "days").replace("{n}", &days.to_string())
    }
}
