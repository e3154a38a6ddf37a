//! What may be uploaded and said, and how refusals are remembered.

use photograph::Unusable;

/// Of one file: 80 MB.
pub const MOST_BYTES: u64 = 80_000_000;
/// Characters of a note.
pub const LONGEST_NOTE: usize = 5_000;

/// The announced size in bytes, when such a file may be sent.
pub fn size(announced: i64) -> Option<u64> {
    u64::try_from(announced).ok().filter(|size| (1..=MOST_BYTES).contains(size))
}

pub fn note_is_fit(note: &str) -> bool {
    note.chars().count() <= LONGEST_NOTE
}

/// How a refusal is kept in the upload's row, so that asking again is answered alike; 0 stands for none.
pub const fn code(why: Unusable) -> i32 {
    match why {
        Unusable::NotAPhotograph => 1,
        Unusable::Unsupported => 2,
        Unusable::Damaged => 3,
        Unusable::TooLarge => 4,
    }
}

pub const fn refusal(code: i32) -> Option<Unusable> {
    match code {
        1 => Some(Unusable::NotAPhotograph),
        2 => Some(Unusable::Unsupported),
        3 => Some(Unusable::Damaged),
        4 => Some(Unusable::TooLarge),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_megabytes_and_not_one_more() {
        assert_eq!(size(1), Some(1));
        assert_eq!(size(80_000_000), Some(80_000_000));
        for wrong in [0, -1, i64::MIN, 80_000_001, i64::MAX] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_refusal_is_remembered_as_itself() {
        for why in [Unusable::NotAPhotograph, Unusable::Unsupported, Unusable::Damaged, Unusable::TooLarge] {
            assert_eq!(refusal(code(why)), Some(why));
        }
        assert_eq!(refusal(0), None);
    }
}
