//! How a person is named and reached: the one rule for names, e-mail addresses and telephone numbers.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// What is no name, no address or no number. Holds nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error(
        "a name is 1 to 100 characters: letters, spaces, hyphens, apostrophes and full stops; write it without digits, links or other signs"
    )]
    Name,
    #[error("this is not an e-mail address; write it as name@example.kz, an international domain in its xn-- form")]
    Email,
    #[error("write the phone number as +77011234567, or leave it out")]
    Phone,
}

impl Malformed {
    /// As a refusal tells it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Name => "INVALID_NAME",
            Self::Email => "INVALID_EMAIL",
            Self::Phone => "INVALID_PHONE",
        }
    }
}

const LONGEST_NAME: usize = 100;

/// Trimmed, 1 to 100 characters: letters and marks of any script, space, hyphen, apostrophe (`'`, `’`) and full stop, a
/// letter among them. We mail names to addresses that somebody else may have typed, so that a name must carry no link: after
/// a full stop stands at most one letter (`J.R.R. Tolkien`), which no domain ends in.
pub fn name(text: &str) -> Result<&str, Malformed> {
    let name = text.trim();
    let group = |c: char| c.general_category_group();
    let is_letter = |c: char| group(c) == GeneralCategoryGroup::Letter;
    let stands = |c: char| is_letter(c) || group(c) == GeneralCategoryGroup::Mark || matches!(c, ' ' | '-' | '\'' | '’' | '.');
    let initial = |after: &str| after.split([' ', '-']).next().unwrap_or_default().chars().filter(|c| is_letter(*c)).count() <= 1;
    let good = (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.chars().all(stands)
        && name.chars().any(is_letter)
        && name.split('.').skip(1).all(initial);
    if good { Ok(name) } else { Err(Malformed::Name) }
}

/// RFC 5321, 4.5.3.1.
const LONGEST_EMAIL: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;
/// RFC 1035, 2.3.4.
const LONGEST_LABEL: usize = 63;

/// Trimmed, its domain in lower case. Takes what mail servers take unquoted (RFC 5321, 4.1.2), in ASCII.
pub fn email(text: &str) -> Result<String, Malformed> {
    let email = text.trim();
    let (local, domain) = email.rsplit_once('@').ok_or(Malformed::Email)?;
    let atom = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    let label = |part: &str| {
        (1..=LONGEST_LABEL).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let good = email.len() <= LONGEST_EMAIL
        && local.len() <= LONGEST_LOCAL_PART
        && local.split('.').all(atom)
        && domain.contains('.')
        && domain.split('.').all(label)
        // A domain that ends in digits alone is an address of the network layer.
        && !domain.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
    if good { Ok(format!("{local}@{}", domain.to_ascii_lowercase())) } else { Err(Malformed::Email) }
}

/// E.164. Spaces, hyphens and brackets are how people write it, and are dropped.
pub fn phone(text: &str) -> Result<String, Malformed> {
    let phone: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let digits = phone.strip_prefix('+').ok_or(Malformed::Phone)?;
    let good = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if good { Ok(phone) } else { Err(Malformed::Phone) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_every_script_are_names() {
        let decomposed = "E\u{301}milie";
        for good in [
            "Айгүл",
            "Әлия-Сара",
            "O'Neill",
            "D’Arcy",
            "Oʻktam",
            "J. R. R.",
            "J.R.R. Tolkien",
            "И.о.",
            "van der Berg",
            "李小龍",
            "मीनाक्षी",
            "عائشة",
            decomposed,
            "Ы",
        ] {
            assert_eq!(name(&format!("  {good} ")), Ok(good), "{good}");
        }
    }

    #[test]
    fn a_name_carries_no_link_and_no_text_of_its_own() {
        for wrong in [
            "",
            "   ",
            ".",
            "- '",
            "https://evil.example/win",
            "evil.example",
            "Go to evil.kz now",
            "t.me",
            "сайт.рф",
            "a@b.kz",
            "Aigul1",
            "Ann\nBcc: x",
            "Ann\u{2028}x",
            "Ann\u{202e}x",
            "Ann, you won",
            "<b>Ann</b>",
            "{link}",
            "Ann ☺",
            "Ⅳ",
        ] {
            assert_eq!(name(wrong), Err(Malformed::Name), "{wrong:?}");
        }
        assert!(name(&"я".repeat(100)).is_ok() && name(&"я".repeat(101)).is_err());
    }

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for good in ["a@b.kz", "first.last+tag@sub.example.com", "o'neil@xn--80a.xn--80ao21a", "learner@kolsai.example"] {
            assert!(email(good).is_ok(), "{good}");
        }
        let wrong = ["", "a", "@b.kz", "a@", "a@b", "a@.kz", "a b@c.kz", "a@b..kz", ".a@b.kz", "a.@b.kz", "a..b@c.kz", "a@-b.kz"];
        let sly = ["a@b.kz\n c@d.kz", "a@c.kz\r\nBcc: x@y.kz", "a@b@c.kz", "a@[127.0.0.1]", "a@127.0.0.1", "<a@b.kz>"];
        for wrong in wrong.into_iter().chain(sly) {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(email(" Aigul.S@Example.KZ ").as_deref(), Ok("Aigul.S@example.kz"));
    }

    #[test]
    fn a_phone_is_e164() {
        assert_eq!(phone("+7 (701) 123-45-67").as_deref(), Ok("+77011234567"));
        for wrong in ["", "87011234567", "+7", "+0123456789", "+7701123456789012", "+7701abc4567", "++77011234567"] {
            assert!(phone(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_taken_again_as_it_was(text in "\\PC{0,40}@?\\PC{0,40}") {
            if let Ok(address) = email(&text) {
                prop_assert!(address.is_ascii() && !address.contains(char::is_whitespace));
                prop_assert_eq!(email(&address), Ok(address));
            }
            if let Ok(taken) = name(&text) {
                prop_assert_eq!(name(taken), Ok(taken));
                let sly = |c: char| c.is_control() || c.is_ascii_digit() || ":/@<>&{}".contains(c);
                prop_assert!(!taken.contains(sly));
            }
        }
    }
}
