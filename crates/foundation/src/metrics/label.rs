//! What may stand in a label.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use opentelemetry::KeyValue;

/// A word out of our own code, or a small number. There is no way from a text of a request to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(Inner);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inner {
    Word(&'static str),
    Number(u16),
}

/// So many different code words are told apart: each is a constant somewhere, so there are few.
const MOST_CODES: usize = 1_000;
const LONGEST_CODE: usize = 63;

impl Label {
    /// Left out where it stands.
    pub const NONE: Self = Self(Inner::Word(""));

    /// A code word as the house writes them, `UPPER_SNAKE_CASE`, that is no longer known to be a constant. Whatever looks different,
    /// or is one too many, is `UNNAMED`.
    pub fn code(word: &str) -> Self {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if word.is_empty() || word.len() > LONGEST_CODE || !word.bytes().all(is_code) {
            return "UNNAMED".into();
        }
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(word) {
            return (*same).into();
        }
        if known.len() >= MOST_CODES {
            return "UNNAMED".into();
        }
        let kept: &'static str = Box::leak(word.to_owned().into_boxed_str());
        known.insert(kept);
        kept.into()
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == Inner::Word("")
    }

    pub(super) fn under(self, name: &'static str) -> KeyValue {
        match self.0 {
            Inner::Word(word) => KeyValue::new(name, word),
            Inner::Number(number) => KeyValue::new(name, i64::from(number)),
        }
    }
}

impl From<&'static str> for Label {
    fn from(word: &'static str) -> Self {
        Self(Inner::Word(word))
    }
}

impl From<u16> for Label {
    fn from(number: u16) -> Self {
        Self(Inner::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_words_are_taken_from_texts() {
        assert_eq!(Label::code("REFUND_STUCK"), "REFUND_STUCK".into());
        for text in ["", "aigul@example.kz", "Aigul", "A B", "Ä"] {
            assert_eq!(Label::code(text), "UNNAMED".into(), "{text}");
        }
    }
}
