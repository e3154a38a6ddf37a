//! The decisions of relay, inbox and reaction, without IO: the real ones and the simulated ones ask here.

use std::time::Duration;

use foundation::Timestamp;

use crate::Outcome;

/// Tries before an event is set aside: with the backoff below, about half an hour.
const TRIES: i64 = 19;

/// How long a relay may work on an event before another may take it.
pub const LEASE: Duration = Duration::from_secs(60);

/// The longest wait between two tries.
pub const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long published events stay, for the operator's eye: what the outbox's map says.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn is_hopeless(attempts: i64) -> bool {
    attempts >= TRIES
}

/// 50 ms, doubled with each try, at most five minutes.
pub fn backoff(attempts: i64) -> Duration {
    let doubled = 50_u64.saturating_mul(1 << attempts.clamp(0, 20));
    Duration::from_millis(doubled).min(LONGEST_WAIT)
}

/// How far the publication of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    pub published_at: Option<Timestamp>,
    pub attempts: i64,
    /// Not before this time; also the lease of the relay that works on it.
    pub due_at: Timestamp,
}

impl Publication {
    /// As it is announced: due at once.
    pub fn announced(now: Timestamp) -> Self {
        Self { published_at: None, attempts: 0, due_at: now }
    }

    /// Whether a relay may take it. The relay's statement says the same in SQL.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.published_at.is_none() && self.due_at <= now
    }

    /// In the hands of a relay: nobody else takes it until the lease ends, however the relay does.
    pub fn leased(self, now: Timestamp, lease: Duration) -> Self {
        Self { due_at: now.plus(lease), ..self }
    }

    /// The bus has it.
    pub fn done(self, now: Timestamp) -> Self {
        Self { published_at: Some(now), ..self }
    }

    /// The bus does not have it: it comes again, later and later.
    pub fn again(self, now: Timestamp, longest: Duration) -> Self {
        Self { due_at: now.plus(backoff(self.attempts).min(longest)), attempts: self.attempts + 1, ..self }
    }
}

/// What a person's state says of an event about them, for the purpose of a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing forbids it, or nobody's state is asked.
    Permitted,
    Restricted,
    /// Erased, or consent for this purpose is withdrawn.
    Gone,
}

/// What a reaction does with an event before its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Has its effect, unless the inbox knows that it was had.
    IfFirst,
    /// Noted in the inbox, and nothing more.
    Drop,
    /// Kept until the restriction is lifted; the inbox does not know of it yet.
    Hold,
}

pub fn entry(standing: Standing) -> Entry {
    match standing {
        Standing::Permitted => Entry::IfFirst,
        Standing::Restricted => Entry::Hold,
        Standing::Gone => Entry::Drop,
    }
}

/// What becomes of an event at a reaction after it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bus need not keep it for this reaction.
    Settled(Outcome),
    /// It was tried too often: set aside, and then settled.
    SetAside(String),
    /// It comes again.
    Again { reason: String, wait: Duration },
}

/// `attempts` are the tries before this one.
pub fn verdict(outcome: Outcome, attempts: i64) -> Verdict {
    match outcome {
        Outcome::Later(reason) if is_hopeless(attempts) => Verdict::SetAside(reason),
        Outcome::Later(reason) => Verdict::Again { reason, wait: backoff(attempts) },
        settled => Verdict::Settled(settled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn published_events_stay_as_long_as_their_map_says() {
        let keep = <crate::outbox::event::Entity as personal_data::Mapped>::MAP.keep.unwrap();
        assert_eq!(keep.ends(NOW), NOW.plus(KEPT));
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!(backoff(0), Duration::from_millis(50));
        assert!((0..TRIES).all(|n| backoff(n) <= backoff(n + 1)));
        assert_eq!(backoff(i64::MAX), LONGEST_WAIT);
        let total: Duration = (0..TRIES).map(backoff).sum();
        assert!(total > Duration::from_secs(600), "a short outage parks nothing: {total:?}");
    }

    #[test]
    fn a_lease_keeps_others_away_until_it_ends() {
        let announced = Publication::announced(NOW);
        let leased = announced.leased(NOW, LEASE);
        assert!(announced.is_due(NOW) && !leased.is_due(NOW) && leased.is_due(NOW.plus(LEASE)));
        assert!(!leased.done(NOW).is_due(NOW.plus(LEASE)));
        let again = leased.again(NOW, Duration::from_secs(10));
        assert!(!again.is_due(NOW) && again.is_due(NOW.plus(backoff(0))) && again.attempts == 1);
        let late = Publication { attempts: 12, ..leased }.again(NOW, Duration::from_secs(10));
        assert!(late.is_due(NOW.plus(Duration::from_secs(10))));
    }

    #[test]
    fn what_does_not_work_comes_again_and_is_set_aside_in_the_end() {
        let later = || Outcome::Later("not yet".into());
        assert_eq!(verdict(later(), 3), Verdict::Again { reason: "not yet".into(), wait: backoff(3) });
        assert_eq!(verdict(later(), TRIES), Verdict::SetAside("not yet".into()));
        for settled in [Outcome::Done, Outcome::Repeated, Outcome::Dropped, Outcome::Held, Outcome::Parked] {
            assert_eq!(verdict(settled.clone(), i64::MAX), Verdict::Settled(settled));
        }
    }
}
