//! The relay's decisions, without IO.

use std::time::Duration;

/// Tries before an event is set aside: with the backoff below, about half an hour.
const TRIES: i64 = 19;

/// How long a relay may work on an event before another may take it.
pub const LEASE: Duration = Duration::from_secs(60);

/// How long published events stay, for the operator's eye: what the outbox's map says.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn is_hopeless(attempts: i64) -> bool {
    attempts >= TRIES
}

/// 50 ms, doubled with each try, at most five minutes.
pub fn backoff(attempts: i64) -> Duration {
    let doubled = 50_u64.saturating_mul(1 << attempts.clamp(0, 20));
    Duration::from_millis(doubled.min(300_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_events_stay_as_long_as_their_map_says() {
        let keep = <crate::outbox::event::Entity as personal_data::Mapped>::MAP.keep.unwrap();
        let at = foundation::Timestamp::from_micros(1_800_000_000_000_000);
        assert_eq!(keep.ends(at), at.plus(KEPT));
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!(backoff(0), Duration::from_millis(50));
        assert!((0..TRIES).all(|n| backoff(n) <= backoff(n + 1)));
        assert_eq!(backoff(i64::MAX), Duration::from_secs(300));
        let total: Duration = (0..TRIES).map(backoff).sum();
        assert!(total > Duration::from_secs(600), "a short outage parks nothing: {total:?}");
    }
}
