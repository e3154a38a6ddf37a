//! What tables, columns and values are called by people, in three languages.

use std::{collections::BTreeMap, sync::LazyLock};

use contract::{Category, Purpose};
use serde::Deserialize;

/// One thing in three languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "[String; 3]")]
pub(super) struct Label {
    pub ru: String,
    pub kk: String,
    pub en: String,
}

impl From<[String; 3]> for Label {
    fn from([ru, kk, en]: [String; 3]) -> Self {
        Self { ru, kk, en }
    }
}

impl Label {
    /// The same in every language: a name out of the code, a number.
    pub fn plain(text: &str) -> Self {
        Self { ru: text.into(), kk: text.into(), en: text.into() }
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "ru": self.ru, "kk": self.kk, "en": self.en })
    }

    fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self { ru: change(&self.ru), kk: change(&self.kk), en: change(&self.en) }
    }
}

#[derive(Deserialize)]
struct Words {
    /// By `service.table`, or by `table` alone where every service has it.
    tables: BTreeMap<String, Label>,
    /// By `service.table.column`, or by `column` alone.
    columns: BTreeMap<String, Label>,
    categories: BTreeMap<String, Label>,
    purposes: BTreeMap<String, Label>,
    /// By `service.table.column`, then by the code.
    codes: BTreeMap<String, BTreeMap<String, Label>>,
    /// Sentences out of the code, `{n}` for a number.
    phrases: BTreeMap<String, Label>,
    /// What the page itself says.
    page: BTreeMap<String, Label>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // The file is part of this binary and a test reads it: a failure here is a broken build, not a state to handle.
    toml::from_str(include_str!("words.toml")).unwrap_or_else(|error| panic!("words.toml does not read: {error}"))
});

/// What stands for a name that nobody has put in words yet.
fn machine(name: &str) -> Label {
    Label::plain(&name.replace('_', " "))
}

pub(super) fn table(service: &str, table: &str) -> Label {
    let words = &WORDS.tables;
    words.get(&format!("{service}.{table}")).or_else(|| words.get(table)).cloned().unwrap_or_else(|| machine(table))
}

pub(super) fn column(service: &str, table: &str, column: &str) -> Label {
    let words = &WORDS.columns;
    words.get(&format!("{service}.{table}.{column}")).or_else(|| words.get(column)).cloned().unwrap_or_else(|| machine(column))
}

/// Names of this table and its columns that are in no words yet.
pub(super) fn missing<'a>(service: &str, table: &str, columns: impl Iterator<Item = &'a str>) -> Vec<String> {
    let place = format!("{service}.{table}");
    let mut missing = Vec::new();
    if !WORDS.tables.contains_key(&place) && !WORDS.tables.contains_key(table) {
        missing.push(place.clone());
    }
    let named = |column: &str| WORDS.columns.contains_key(&format!("{place}.{column}")) || WORDS.columns.contains_key(column);
    missing.extend(columns.filter(|column| !named(column)).map(|column| format!("{place}.{column}")));
    missing
}

pub(super) fn category(name: &str) -> Label {
    WORDS.categories.get(name).cloned().unwrap_or_else(|| machine(name))
}

pub(super) fn purpose(name: &str) -> Label {
    WORDS.purposes.get(name).cloned().unwrap_or_else(|| machine(name))
}

/// What a code means, where that is said.
pub(super) fn code(service: &str, table: &str, column: &str, code: i64) -> Option<Label> {
    if column == "purpose" {
        return i32::try_from(code).ok().and_then(|code| Purpose::try_from(code).ok()).map(|known| purpose(known.as_str_name()));
    }
    if column == "category" {
        return i32::try_from(code).ok().and_then(|code| Category::try_from(code).ok()).map(|known| category(known.as_str_name()));
    }
    let codes = WORDS.codes.get(&format!("{service}.{table}.{column}")).or_else(|| WORDS.codes.get(column))?;
    codes.get(&code.to_string()).cloned()
}

/// A sentence of the code in three languages; none where it is none, or nobody's.
pub(super) fn phrase(text: &str) -> Option<Label> {
    if let Some(exact) = WORDS.phrases.get(text) {
        return Some(exact.clone());
    }
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    let rest = text.strip_prefix(number.as_str()).filter(|_| !number.is_empty())?;
    WORDS.phrases.get(&format!("{{n}}{rest}")).map(|label| label.map(|text| text.replace("{n}", &number)))
}

/// What the page says.
pub(super) fn page(key: &str) -> Label {
    WORDS.page.get(key).cloned().unwrap_or_else(|| machine(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_and_purpose_has_words() {
        for code in 1..64 {
            if let Ok(known) = Purpose::try_from(code) {
                assert!(WORDS.purposes.contains_key(known.as_str_name()), "{}", known.as_str_name());
            }
            if let Ok(known) = Category::try_from(code) {
                assert!(WORDS.categories.contains_key(known.as_str_name()), "{}", known.as_str_name());
            }
        }
    }

    #[test]
    fn a_term_keeps_its_number() {
        let term = phrase("30 days after the relation ends").unwrap();
        assert!(term.ru.starts_with("30 ") && term.kk.contains("30 ") && term.en.starts_with("30 "), "{term:?}");
        assert_eq!(phrase("somebody's own words"), None);
    }

    #[test]
    fn nothing_is_left_blank() {
        let all = [&WORDS.tables, &WORDS.columns, &WORDS.categories, &WORDS.purposes, &WORDS.phrases, &WORDS.page];
        for (name, label) in all.into_iter().flatten().chain(WORDS.codes.values().flatten()) {
            assert!(![&label.ru, &label.kk, &label.en].into_iter().any(|text| text.trim().is_empty()), "{name}");
        }
    }
}
