//! Days and weeks of the school: dates in Asia/Almaty, weeks from Monday.

use foundation::Timestamp;
use jiff::{
    ToSpan,
    civil::Date,
    tz::{TimeZone, offset},
};

const ZONE: &str = "Asia/Almaty";
const HOUR: i64 = 3_600_000_000;

/// A day and its week, as ISO 8601 dates: they sort as they follow each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub date: String,
    pub week: String,
}

impl Day {
    pub fn of(at: Timestamp) -> Self {
        date_of(at).into()
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self { date: date.to_string(), week: monday(date).to_string() }
    }
}

/// Full hours since the epoch: two times of one hour answer the same.
pub fn hour(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR)
}

/// The Mondays of the `count` full weeks before the one of `at`, oldest first.
pub fn weeks_before(at: Timestamp, count: i64) -> Vec<Date> {
    let this = monday(date_of(at));
    (1..=count).rev().map(|back| this.saturating_sub(back.weeks())).collect()
}

/// The day in Kazakhstan.
pub(crate) fn date_of(at: Timestamp) -> Date {
    // Kazakhstan has had one time, UTC+05:00 without summer time, since 1 March 2024: it stands in where the zone is not known.
    let zone = TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(offset(5)));
    // Only a time outside of the years −9999 to 9999 has no date.
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default().to_zoned(zone).date()
}

fn monday(date: Date) -> Date {
    date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_day_is_a_day_in_almaty_and_a_week_starts_on_monday() {
        let evening = Day::of(at("2026-05-10T18:59:59Z"));
        assert_eq!((evening.date.as_str(), evening.week.as_str()), ("2026-05-10", "2026-05-04"));
        let midnight = Day::of(at("2026-05-10T19:00:00Z"));
        assert_eq!((midnight.date.as_str(), midnight.week.as_str()), ("2026-05-11", "2026-05-11"));
        assert!(evening < midnight);
    }

    #[test]
    fn the_weeks_before_are_full_ones() {
        let weeks: Vec<_> = weeks_before(at("2026-05-13T12:00:00Z"), 3).iter().map(ToString::to_string).collect();
        assert_eq!(weeks, ["2026-04-20", "2026-04-27", "2026-05-04"]);
    }

    #[test]
    fn an_hour_ends_on_the_hour() {
        assert_eq!(hour(at("2026-05-13T12:00:00Z")), hour(at("2026-05-13T12:59:59.999999Z")));
        assert_ne!(hour(at("2026-05-13T12:59:59Z")), hour(at("2026-05-13T13:00:00Z")));
    }
}
