//! The three languages of the school.

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Ru,
    Kk,
    En,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Ru, Self::Kk, Self::En];

    /// ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Kk => "kk",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `kk` or `kk-KZ` (RFC 5646); `ru` for any that the school does not teach in.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary)).unwrap_or_default()
    }
}

/// One text in every language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub ru: String,
    pub kk: String,
    pub en: String,
}

impl Texts {
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Ru => &self.ru,
            Language::Kk => &self.kk,
            Language::En => &self.en,
        }
    }

    /// The languages in which there is nothing to read.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        Language::ALL.into_iter().filter(|language| self.get(*language).trim().is_empty()).map(Language::code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_school_does_not_speak_is_russian() {
        assert_eq!(Language::of("kk"), Language::Kk);
        assert_eq!(Language::of("EN-gb"), Language::En);
        for other in ["", "de", "rus", "-kk"] {
            assert_eq!(Language::of(other), Language::Ru, "{other}");
        }
    }
}
