//! A budget that is spent and comes back with time: a bucket of tokens, kept as the one moment at which it will be full again.

use std::time::Duration;

use foundation::Timestamp;

/// No budget takes longer than this to fill, in microseconds: about ten years, and exact in a server's scripts.
const LONGEST: i64 = 1 << 48;

/// How much may be spent at once, and how fast it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    burst: u32,
    /// Microseconds in which one comes back.
    step: i64,
}

impl Budget {
    /// At most `burst` at once; one comes back in every `step`. Both are at least one (microsecond).
    pub fn new(burst: u32, step: Duration) -> Self {
        let burst = burst.max(1);
        let step = i64::try_from(step.as_micros()).unwrap_or(LONGEST).clamp(1, LONGEST / i64::from(burst));
        Self { burst, step }
    }

    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// How long so much takes to come back.
    pub fn regains(&self, many: u32) -> Duration {
        Duration::from_micros(self.step.unsigned_abs().saturating_mul(many.into()))
    }

    pub(crate) fn step(&self) -> i64 {
        self.step
    }

    /// Takes up to `ask` from a bucket that will be full at `full`; answers how many, and when it will be full now.
    /// `server/spend.lua` computes the same.
    pub(crate) fn spend(&self, now: Timestamp, full: Timestamp, ask: u32) -> (u32, Timestamp) {
        let full = full.max(now).micros();
        let free = ((now.micros() + i64::from(self.burst) * self.step - full) / self.step).max(0);
        let granted = u32::try_from(free).unwrap_or(u32::MAX).min(ask);
        (granted, Timestamp::from_micros(full + i64::from(granted) * self.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_spent_comes_back_and_never_beyond_the_burst() {
        let budget = Budget::new(3, SECOND);
        let start = Timestamp::from_micros(1_000_000);
        let (granted, full) = budget.spend(start, Timestamp::from_micros(0), 5);
        assert_eq!((granted, full), (3, start.plus(SECOND * 3)));
        assert_eq!(budget.spend(start.plus(SECOND / 2), full, 1).0, 0);
        assert_eq!(budget.spend(start.plus(SECOND), full, 9).0, 1);
        assert_eq!(budget.spend(start.plus(SECOND * 100), full, 9).0, 3);
        // A clock that went back takes nothing away and gives nothing.
        assert_eq!(budget.spend(start.minus(SECOND * 9), full, 9), (0, full));
    }

    #[test]
    fn no_budget_is_beyond_counting() {
        for (burst, step) in [(0, Duration::ZERO), (u32::MAX, Duration::MAX), (1, Duration::MAX)] {
            let budget = Budget::new(burst, step);
            let now = Timestamp::from_micros(2_000_000_000_000_000);
            let (granted, full) = budget.spend(now, now, u32::MAX);
            assert!(granted >= 1 && full > now && full.micros() < 1 << 53);
        }
    }
}
