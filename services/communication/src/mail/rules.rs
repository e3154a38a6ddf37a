//! When a mail is tried again, and when no more.

use std::time::Duration;

/// How far a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    Queued = 1,
    Sent = 2,
    /// Tried too often, or refused for good.
    Failed = 3,
    /// No longer wanted: the newsletter was ended meanwhile.
    Dropped = 4,
}

/// How long one postman may work on a mail before another takes it.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long sending may take: within the lease, so that nobody sends the same mail beside us.
pub const SENDING: Duration = Duration::from_secs(25);

/// With the waits below, about a day.
const TRIES: i64 = 32;

const LONGEST: Duration = Duration::from_secs(3600);

/// Why a mail did not leave. The reasons are our own words: no value is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    Later(String),
    Never(&'static str),
    Dropped(&'static str),
}

/// What becomes of a mail that did not leave, after so many tries: its state, and when it is due again.
pub fn after(not_sent: &NotSent, attempts: i64) -> (State, Duration) {
    match not_sent {
        NotSent::Later(_) if attempts < TRIES => (State::Queued, backoff(attempts)),
        NotSent::Later(_) | NotSent::Never(_) => (State::Failed, Duration::ZERO),
        NotSent::Dropped(_) => (State::Dropped, Duration::ZERO),
    }
}

/// 250 ms after the first try, doubled with each, at most an hour.
fn backoff(attempts: i64) -> Duration {
    let doubled = 250_u64.saturating_mul(1 << (attempts - 1).clamp(0, 20));
    Duration::from_millis(doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        assert_eq!(backoff(1), Duration::from_millis(250));
        assert!((0..TRIES).all(|n| backoff(n) <= backoff(n + 1)));
        assert_eq!(backoff(i64::MAX), LONGEST);
        let total: Duration = (1..TRIES).map(backoff).sum();
        assert!(total > Duration::from_secs(12 * 3600), "a night without the relay loses nothing: {total:?}");
    }

    #[test]
    fn what_is_refused_for_good_is_not_tried_again() {
        let later = NotSent::Later("away".into());
        assert_eq!(after(&later, 1).0, State::Queued);
        assert_eq!(after(&later, TRIES).0, State::Failed);
        assert_eq!(after(&NotSent::Never("gone"), 1).0, State::Failed);
        assert_eq!(after(&NotSent::Dropped("ended"), 1).0, State::Dropped);
    }
}
