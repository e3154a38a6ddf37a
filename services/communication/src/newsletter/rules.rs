//! The token of an unsubscription, and what an issue may say.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use foundation::uuid::Uuid;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Error, rows::SubscriptionId};
use crate::language::Language;

const LABEL: &[u8] = b"kolsai communication newsletter unsubscribe v1";
const ID: usize = 16;

/// `subscription ‖ HMAC-SHA-256(key, subscription)` in base64url. It names a subscription and nothing else, so it can end
/// nothing else; it does not expire, for the link in an old letter must work too.
pub fn token(index_key: &[u8], subscription: SubscriptionId) -> String {
    let mut bytes = subscription.0.as_bytes().to_vec();
    bytes.extend_from_slice(&mac(index_key, &bytes).finalize().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The subscription that a token was made for.
pub fn read(index_key: &[u8], token: &str) -> Result<SubscriptionId, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::LinkInvalid)?;
    let (id, tag) = bytes.split_at_checked(ID).ok_or(Error::LinkInvalid)?;
    mac(index_key, id).verify_slice(tag).map_err(|_| Error::LinkInvalid)?;
    Uuid::from_slice(id).map(SubscriptionId).map_err(|_| Error::LinkInvalid)
}

/// Under a key of its own, derived from the service's index key (RFC 5869).
fn mac(index_key: &[u8], id: &[u8]) -> Hmac<Sha256> {
    // One block of SHA-256: well within what HKDF gives.
    let mut key = [0; 64];
    let expanded = Hkdf::<Sha256>::new(None, index_key).expand(LABEL, &mut key);
    debug_assert!(expanded.is_ok());
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
    mac.update(id);
    mac
}

const LONGEST_SUBJECT: usize = 150;
const LONGEST_TEXT: usize = 20_000;

/// An issue in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

/// By language tag, as a row keeps them.
pub type Letters = BTreeMap<String, Letter>;

/// Checks an issue: each language once, Russian among them, subjects of one line.
pub fn letters(texts: impl IntoIterator<Item = (String, Letter)>) -> Result<Letters, Error> {
    let mut letters = Letters::new();
    for (tag, letter) in texts {
        if Language::read(&tag).is_none() {
            return Err(Error::Issue("each language is `ru`, `kk` or `en`"));
        }
        let subject = letter.subject.trim();
        if subject.is_empty() || subject.chars().count() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
            return Err(Error::Issue("a subject is one line of 1 to 150 characters"));
        }
        if letter.text.trim().is_empty() || letter.text.chars().count() > LONGEST_TEXT {
            return Err(Error::Issue("a text has 1 to 20 000 characters"));
        }
        let letter = Letter { subject: subject.to_owned(), text: letter.text };
        if letters.insert(tag, letter).is_some() {
            return Err(Error::Issue("each language is given once"));
        }
    }
    if !letters.contains_key(Language::Ru.tag()) {
        return Err(Error::Issue("Russian is required: it stands in for a language that is missing"));
    }
    Ok(letters)
}

/// The letter in this language, or in Russian.
pub fn letter_in(letters: &Letters, language: Language) -> Option<(Language, &Letter)> {
    [language, Language::Ru].into_iter().find_map(|language| Some((language, letters.get(language.tag())?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_ends_its_own_subscription_only() {
        let (mine, other) = (SubscriptionId::new_v4(), SubscriptionId::new_v4());
        let made = token(b"key", mine);
        assert_eq!(read(b"key", &made).ok(), Some(mine));
        assert!(read(b"another key", &made).is_err());
        let mut forged = URL_SAFE_NO_PAD.decode(&made).unwrap();
        forged[..ID].copy_from_slice(other.0.as_bytes());
        assert!(read(b"key", &URL_SAFE_NO_PAD.encode(forged)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_token(text in ".{0,100}") {
            prop_assert!(read(b"key", &text).is_err());
        }

        #[test]
        fn a_token_stands_in_an_address_as_it_is(bytes in any::<[u8; 16]>()) {
            let made = token(b"key", SubscriptionId(Uuid::from_bytes(bytes)));
            prop_assert!(made.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }

    #[test]
    fn an_issue_is_checked() {
        let letter = |subject: &str| Letter { subject: subject.into(), text: "Text".into() };
        assert!(letters([("ru".into(), letter("Осень")), ("en".into(), letter("Autumn"))]).is_ok());
        assert!(letters([("en".into(), letter("Autumn"))]).is_err());
        assert!(letters([("ru".into(), letter("a")), ("ru".into(), letter("b"))]).is_err());
        assert!(letters([("ru".into(), letter("two\nlines"))]).is_err());
        assert!(letters([("de".into(), letter("Herbst")), ("ru".into(), letter("Осень"))]).is_err());
    }

    #[test]
    fn russian_stands_in() {
        let all = letters([("ru".into(), Letter { subject: "Осень".into(), text: "Текст".into() })]).unwrap();
        assert_eq!(letter_in(&all, Language::Kk).map(|(language, _)| language), Some(Language::Ru));
    }
}
