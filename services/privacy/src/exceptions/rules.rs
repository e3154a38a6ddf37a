//! What an exception must say, without IO.

use std::time::Duration;

use contract::privacy::v1::exception_reason::Kind;
use foundation::{Refusal, Timestamp};

/// Whoever needs longer records another one, which is told and reviewed again.
pub const LONGEST: Duration = Duration::from_secs(4 * 3600);
const TEXT: std::ops::RangeInclusive<usize> = 10..=500;

pub fn kind(kind: Kind) -> Result<Kind, Refusal> {
    match kind {
        Kind::Unspecified => Err(Refusal::invalid("INVALID_KIND", "kind", "choose STAND_IN, SAFETY, INCIDENT or LEGAL_DEMAND")),
        kind => Ok(kind),
    }
}

pub fn reason(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    match TEXT.contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(Refusal::invalid("INVALID_REASON", "reason", "say in 10 to 500 characters, on one line, what happened")),
    }
}

/// An exception without an end is none.
pub fn until(until: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let wrong = || Refusal::invalid("INVALID_UNTIL", "until", "say until when: after now, and at most four hours from now");
    until.filter(|until| *until > now && *until <= now.plus(LONGEST)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_has_an_end_within_hours() {
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        assert_eq!(until(Some(now.plus(LONGEST)), now).unwrap(), now.plus(LONGEST));
        for wrong in [None, Some(now), Some(now.minus(LONGEST)), Some(now.plus(LONGEST + Duration::from_secs(1)))] {
            assert_eq!(until(wrong, now).unwrap_err().reason, "INVALID_UNTIL");
        }
    }

    #[test]
    fn it_has_a_kind_and_a_reason() {
        assert_eq!(kind(Kind::Unspecified).unwrap_err().reason, "INVALID_KIND");
        for wrong in ["", "because", "two\nlines of it", &"x".repeat(501)] {
            assert_eq!(reason(wrong).unwrap_err().reason, "INVALID_REASON");
        }
        assert_eq!(reason("  The instructor is ill today. ").unwrap(), "The instructor is ill today.");
    }
}
