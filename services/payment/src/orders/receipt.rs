//! Numbers of receipts: random, so that they tell neither how many there are nor whose they are.

/// Letters and digits that are not mistaken for each other (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `KP-XXXX-XXXX-XXXX-XXXX`: 80 random bits.
pub(crate) fn new_number() -> String {
    let bits: u128 = rand::random();
    let mut number = String::from("KP");
    for place in 0..16 {
        if place % 4 == 0 {
            number.push('-');
        }
        let letter = (bits >> (place * 5)) & 31;
        number.push(char::from(LETTERS[letter as usize]));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_one_shape_and_all_different() {
        let numbers: std::collections::BTreeSet<_> = (0..1_000).map(|_| new_number()).collect();
        assert_eq!(numbers.len(), 1_000);
        assert!(numbers.iter().all(|number| number.len() == 22 && number.starts_with("KP-")));
    }
}
