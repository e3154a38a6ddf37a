//! Time in UTC microseconds, read from one clock that tests may move.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

use crate::Mode;

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as JWT (RFC 7519) counts them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn to_proto(self) -> prost_types::Timestamp {
        let nanos = self.0.rem_euclid(1_000_000) * 1_000;
        prost_types::Timestamp { seconds: self.seconds(), nanos: i32::try_from(nanos).unwrap_or(0) }
    }

    pub fn from_proto(at: &prost_types::Timestamp) -> Self {
        Self(at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos) / 1_000))
    }
}

/// RFC 3339, UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// The one source of the current time. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock {
    mode: Mode,
    ahead_micros: Arc<AtomicI64>,
}

impl Clock {
    pub fn system(mode: Mode) -> Self {
        Self { mode, ahead_micros: Arc::new(AtomicI64::new(0)) }
    }

    #[allow(clippy::disallowed_methods, reason = "the one place where the system clock is read")]
    pub fn now(&self) -> Timestamp {
        let system = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(0).plus(system).plus_micros(self.ahead_micros.load(Ordering::Relaxed))
    }

    /// Moves time forward; development only, for tests. Answers whether it did.
    pub fn advance(&self, span: Duration) -> bool {
        if self.mode != Mode::Development {
            return false;
        }
        self.ahead_micros.fetch_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        true
    }
}

impl Timestamp {
    fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proto_and_back_is_the_same_instant() {
        for micros in [0, 1, -1, 1_766_000_000_123_456] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from_proto(&at.to_proto()), at);
        }
    }

    #[test]
    fn production_time_does_not_move() {
        assert!(!Clock::system(Mode::Production).advance(Duration::from_secs(1)));
        let clock = Clock::system(Mode::Development);
        let before = clock.now();
        assert!(clock.advance(Duration::from_secs(3600)));
        assert!(clock.now().since(before) >= Duration::from_secs(3600));
    }
}
