//! Numbers of certificates: 80 random bits in Crockford's base 32, in groups that can be read aloud.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "KOL";
const DIGITS: usize = 16;
const GROUP: usize = 4;

/// `KOL-XXXX-XXXX-XXXX-XXXX`.
pub fn number(random: [u8; 10]) -> String {
    let value = random.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    let digits = (0..DIGITS).rev().map(|at| char::from(ALPHABET[(value >> (at * 5) & 31) as usize]));
    grouped(digits)
}

fn grouped(digits: impl Iterator<Item = char>) -> String {
    let mut number = String::from(PREFIX);
    for (at, digit) in digits.enumerate() {
        if at % GROUP == 0 {
            number.push('-');
        }
        number.push(digit);
    }
    number
}

/// The number as it was issued, from what somebody typed: small letters, spaces and lookalikes are forgiven.
pub fn normalised(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let bare: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let digits = bare.strip_prefix(PREFIX)?;
    let digits = digits.chars().map(|digit| match digit {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let digits: Vec<char> = digits.collect();
    let known = digits.iter().all(|digit| u8::try_from(*digit).is_ok_and(|byte| ALPHABET.contains(&byte)));
    (known && digits.len() == DIGITS).then(|| grouped(digits.into_iter()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_reads_like_one() {
        assert_eq!(number([0; 10]), "KOL-0000-0000-0000-0000");
        assert_eq!(number([255; 10]), "KOL-ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    }

    #[test]
    fn lookalikes_are_forgiven_and_nonsense_is_not() {
        assert_eq!(normalised(" kol-oil1 0000 0000-0000").as_deref(), Some("KOL-0111-0000-0000-0000"));
        for nonsense in
            ["", "KOL", "KOL-0000-0000-0000-000", "ABC-0000-0000-0000-0000", "KOL-000U-0000-0000-0000", "KOL-000Ж-0000-0000-0000"]
        {
            assert_eq!(normalised(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn what_was_issued_is_found_however_it_is_typed(random: [u8; 10]) {
            let issued = number(random);
            prop_assert_eq!(normalised(&issued), Some(issued.clone()));
            prop_assert_eq!(normalised(&issued.to_lowercase().replace('-', " ")), Some(issued));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = normalised(&text);
        }
    }
}
