//! How much of a term is over.

use foundation::Timestamp;

/// 80 or 100 once so much of the term is over; none before, and none for a clock that starts in the future.
pub fn alarm(received: Timestamp, due: Timestamp, now: Timestamp) -> Option<i32> {
    if now >= due {
        return (now >= received).then_some(100);
    }
    let (passed, whole) = (now.since(received).as_micros(), due.since(received).as_micros());
    (passed > 0 && passed * 100 >= whole * 80).then_some(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn alarms_come_at_four_fifths_and_at_the_end() {
        for (now, expected) in [(0, None), (79, None), (80, Some(80)), (99, Some(80)), (100, Some(100)), (1_000_000, Some(100))] {
            assert_eq!(alarm(at(0), at(100), at(now)), expected, "{now}");
        }
    }

    /// A clock that was ahead and was set back, or a request from a machine whose clock is ahead: nothing is raised too early.
    #[test]
    fn a_skewed_clock_raises_nothing_too_early() {
        assert_eq!(alarm(at(50), at(100), at(10)), None);
        assert_eq!(alarm(at(i64::MAX / 2_000_000), at(100), at(200)), None);
        assert_eq!(alarm(at(100), at(100), at(100)), Some(100), "a term without length is over");
    }
}
