//! When a use is worth a note.

use std::time::Duration;

use foundation::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Years are counted from it: a day more or less is nothing to them.
pub fn is_noted_anew(noted: Timestamp, now: Timestamp) -> bool {
    noted.plus(DAY) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_day_is_enough() {
        let noon = Timestamp::from_micros(1_800_000_000_000_000);
        assert!(!is_noted_anew(noon, noon.plus(Duration::from_secs(3600))));
        assert!(is_noted_anew(noon, noon.plus(DAY)));
        assert!(!is_noted_anew(noon, noon.minus(DAY)), "a clock that went back says nothing");
    }
}
