//! Days and months of the school's clock, and when their reviews are due.

use std::time::Duration;

use contract::privacy::v1::review_summary::Kind;
use foundation::Timestamp;
use jiff::{ToSpan, Zoned, tz::TimeZone};

/// The one time zone of Kazakhstan since 1 March 2024.
const ZONE: &str = "Asia/Almaty";
/// What was being taken when the period ended has committed by then.
pub const SETTLED: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// From a time, included, to a time, excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A day for what the rules find, a month for the sample: the one in which a time falls.
pub fn around(kind: Kind, at: Timestamp) -> Result<Period, jiff::Error> {
    let local = local(at)?;
    let midnight = local.start_of_day()?;
    let (from, to) = match kind {
        Kind::Monthly => {
            let first = midnight.first_of_month()?;
            (first.clone(), first.checked_add(1.month())?)
        }
        _ => (midnight.clone(), midnight.checked_add(1.day())?),
    };
    Ok(Period { from: timestamp(&from), to: timestamp(&to) })
}

/// Days after the review was opened: a finding is looked into at once, a sample takes its time.
pub fn due(kind: Kind, opened: Timestamp) -> Timestamp {
    let days = if kind == Kind::Monthly { 10 } else { 3 };
    opened.plus(DAY * days)
}

/// Whether staff read at night: from 23 to 6 o'clock.
pub fn is_night(at: Timestamp) -> bool {
    local(at).is_ok_and(|local| local.hour() >= 23 || local.hour() < 6)
}

fn local(at: Timestamp) -> Result<Zoned, jiff::Error> {
    Ok(jiff::Timestamp::from_microsecond(at.micros())?.to_zoned(TimeZone::get(ZONE)?))
}

fn timestamp(local: &Zoned) -> Timestamp {
    Timestamp::from_micros(local.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_day_and_a_month_are_those_of_almaty() {
        // 20:30 UTC is half past one of the next day.
        let evening = at("2026-11-30T20:30:00Z");
        assert_eq!(around(Kind::Findings, evening).unwrap(), Period { from: at("2026-11-30T19:00:00Z"), to: at("2026-12-01T19:00:00Z") });
        assert_eq!(around(Kind::Monthly, evening).unwrap(), Period { from: at("2026-11-30T19:00:00Z"), to: at("2026-12-31T19:00:00Z") });
        assert!(is_night(evening) && is_night(at("2026-11-30T18:00:00Z")) && !is_night(at("2026-11-30T17:59:59Z")));
        assert!(!is_night(at("2026-12-01T01:00:00Z")));
    }
}
