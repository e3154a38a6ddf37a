//! What a message of the partner's must not have in it.

/// The largest notification, in bytes.
pub(super) const LARGEST: usize = 64 * 1024;

/// Lengths of card numbers (ISO/IEC 7812).
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// Whether a text has 13 to 19 digits in a row that pass Luhn's check, alone or within a longer row; single spaces or hyphens between
/// them are left aside. A long number that is no card may be refused too: nothing that was agreed on has one.
/// Identifiers in the canonical form of a UUID are passed over: they are ours.
pub(crate) fn holds_card_number(body: &[u8]) -> bool {
    let mut digits: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < body.len() {
        if let Some(after) = uuid_at(body, at) {
            digits.clear();
            at = after;
            continue;
        }
        let byte = body[at];
        let between = matches!(byte, b' ' | b'-') && !digits.is_empty() && body.get(at + 1).is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() {
            digits.push(byte - b'0');
            if LENGTHS.clone().any(|length| digits.len() >= length && luhn(&digits[digits.len() - length..])) {
                return true;
            }
        } else if !between {
            digits.clear();
        }
        at += 1;
    }
    false
}

/// The end of a canonical UUID that begins here and is not a part of something longer.
fn uuid_at(body: &[u8], at: usize) -> Option<usize> {
    let end = at + 36;
    let text = body.get(at..end)?;
    let apart = |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let shape = text.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    (shape && apart(at.checked_sub(1).and_then(|before| body.get(before))) && apart(body.get(end))).then_some(end)
}

/// ISO/IEC 7812-1, annex B. Zeros alone are no number.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn card_numbers_are_found_however_they_are_written() {
        for number in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "378282246310005",
            "{\"pan\":\"5555555555554444\",\"x\":1}",
            "a4242424242424242b",
            "track ;4242424242424242=29122011000",
        ] {
            assert!(holds_card_number(number.as_bytes()), "{number}");
        }
    }

    #[test]
    fn what_a_notification_has_in_it_is_no_card_number() {
        for text in [
            "",
            "424242424242",
            "{\"amount\":4500000,\"at\":1766000000,\"currency\":\"KZT\"}",
            "2026-01-02T03:04:05Z",
            "0000000000000000",
            "4242 4242  4242 4242",
            "\"42424242-4242-4242-8242-424242424242\"",
        ] {
            assert!(!holds_card_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn the_form_of_an_identifier_hides_nothing_around_it() {
        assert!(holds_card_number(b"00000000-0000-4000-8000-000000000000 4242424242424242"));
        assert!(holds_card_number(b"42424242-4242-4242-8242-4242424242424242424242424242"));
    }

    proptest! {
        #[test]
        fn every_number_with_its_check_digit_is_found(digits in proptest::collection::vec(0_u8..10, 12..=18), before in "[a-z\" ]{0,5}", after in "[a-z\" ]{0,5}") {
            prop_assume!(digits.iter().any(|digit| *digit != 0));
            let check = (0..10).find(|check| luhn(&[&digits[..], &[*check]].concat())).unwrap();
            let number: String = digits.iter().chain([&check]).map(|digit| char::from(digit + b'0')).collect();
            let text = format!("{before}{number}{after}");
            prop_assert!(holds_card_number(text.as_bytes()));
        }

        #[test]
        fn no_identifier_of_ours_is_taken_for_one(bytes in any::<[u8; 16]>()) {
            let text = format!("{{\"order_id\":\"{}\"}}", uuid::Uuid::from_bytes(bytes));
            prop_assert!(!holds_card_number(text.as_bytes()));
        }
    }
}
