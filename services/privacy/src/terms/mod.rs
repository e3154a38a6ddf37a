//! Clocks: terms in working days of Kazakhstan, from dated data (Civil Code art. 173–176).

use foundation::{Timestamp, sabotage};
use jiff::{Zoned, civil::Date, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

const DATA: &str = include_str!("terms.toml");
/// The one time zone of Kazakhstan since 1 March 2024.
const ZONE: &str = "Asia/Almaty";

/// Why the calendar cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    #[error("the terms are not readable")]
    Data(#[from] toml::de::Error),
    #[error("a date of the calendar does not exist")]
    Date(#[from] jiff::Error),
    #[error("no term for `{0}` on that day")]
    NoTerm(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    term: Vec<Term>,
    holiday: Vec<Holiday>,
    day_off: Vec<DayOff>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    right: String,
    working_days: u32,
    article: String,
    #[serde(deserialize_with = "date")]
    from: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    dates: Vec<String>,
    from: i16,
    until: Option<i16>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayOff {
    #[serde(deserialize_with = "date")]
    date: Date,
    reason: String,
}

fn date<'de, D: Deserializer<'de>>(text: D) -> Result<Date, D::Error> {
    String::deserialize(text)?.parse().map_err(D::Error::custom)
}

/// The working calendar.
pub struct Calendar {
    data: Data,
    second_day_off: Weekday,
    zone: TimeZone,
}

/// When something is due, and which days did not count, with their reasons.
#[derive(Debug, PartialEq, Eq)]
pub struct DueDate {
    pub date: Date,
    pub skipped: Vec<(Date, String)>,
    /// The end of that day in Asia/Almaty.
    pub at: Timestamp,
}

impl Calendar {
    /// `second_day_off` is 1 (Monday) to 6 (Saturday); anything else means Saturday.
    pub fn try_new(second_day_off: i8) -> Result<Self, CalendarError> {
        let second_day_off = Weekday::from_monday_one_offset(second_day_off).unwrap_or(Weekday::Saturday);
        Ok(Self { data: toml::from_str(DATA)?, second_day_off, zone: TimeZone::get(ZONE)? })
    }

    /// When a request for `right`, received then, is due; and the article that says so.
    pub fn due(&self, right: &str, received: Timestamp) -> Result<(DueDate, &str), CalendarError> {
        let day = Zoned::new(jiff::Timestamp::from_microsecond(received.micros())?, self.zone.clone()).date();
        let term = self.data.term.iter().filter(|term| term.right == right && term.from <= day).max_by_key(|term| term.from);
        let term = term.ok_or_else(|| CalendarError::NoTerm(right.to_owned()))?;
        Ok((self.after(day, term.working_days)?, &term.article))
    }

    /// The last of `working_days` working days after `received`; the term starts the day after.
    pub fn after(&self, received: Date, working_days: u32) -> Result<DueDate, CalendarError> {
        let (mut date, mut left, mut skipped) = (received, working_days, Vec::new());
        while left > 0 {
            date = date.tomorrow()?;
            match self.day_off(date)? {
                Some(reason) => skipped.push((date, reason)),
                None => left -= 1,
            }
        }
        let end = date.tomorrow()?.to_zoned(self.zone.clone())?.timestamp();
        Ok(DueDate { date, skipped, at: Timestamp::from_micros(end.as_microsecond()) })
    }

    /// Why nobody works on a day; none for a working day.
    fn day_off(&self, date: Date) -> Result<Option<String>, CalendarError> {
        if let Some(reason) = self.fixed(date) {
            return Ok(Some(reason));
        }
        // Weekend holidays before this day, each pushing one working day off, in their order.
        let mut day = date;
        let mut owed = 0_i32;
        for _ in 0..14 {
            day = day.yesterday()?;
        }
        while day < date {
            if self.is_weekend(day) && self.holiday(day).is_some() {
                owed += 1;
            } else if owed > 0 && self.fixed(day).is_none() {
                owed -= 1;
            }
            day = day.tomorrow()?;
        }
        Ok((owed > 0).then(|| "instead of a holiday that fell on a weekend".to_owned()))
    }

    fn fixed(&self, date: Date) -> Option<String> {
        if self.is_weekend(date) {
            return Some("weekend".to_owned());
        }
        let announced = || self.data.day_off.iter().find(|day| day.date == date).map(|day| day.reason.clone());
        self.holiday(date).map(|source| format!("holiday ({source})")).or_else(announced)
    }

    fn is_weekend(&self, date: Date) -> bool {
        date.weekday() == Weekday::Sunday || date.weekday() == self.second_day_off
    }

    fn holiday(&self, date: Date) -> Option<&str> {
        let day = format!("{:02}-{:02}", date.month(), date.day());
        let applies = |holiday: &&Holiday| {
            !sabotage::breaks("P33")
                && holiday.dates.contains(&day)
                && holiday.from <= date.year()
                && holiday.until.is_none_or(|until| date.year() <= until)
        };
        self.data.holiday.iter().find(applies).map(|holiday| holiday.source.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the working calendar (law-kz).
    #[test]
    fn terms_end_when_the_law_says() {
        let calendar = Calendar::try_new(6).unwrap();
        for (received, days, due) in [
            ("2026-03-19", 3, "2026-03-27"),
            ("2026-03-20", 1, "2026-03-26"),
            ("2026-04-30", 3, "2026-05-06"),
            ("2026-08-28", 1, "2026-08-31"),
            ("2026-11-20", 3, "2026-11-25"),
            ("2026-12-15", 15, "2027-01-11"),
            ("2027-03-12", 1, "2027-03-16"),
        ] {
            let found = calendar.after(received.parse().unwrap(), days).unwrap();
            assert_eq!(found.date.to_string(), due, "received {received}, {days} working days; skipped {:?}", found.skipped);
        }
    }

    #[test]
    fn a_term_ends_with_its_last_day_in_almaty() {
        let due = Calendar::try_new(6).unwrap().after("2026-11-20".parse().unwrap(), 3).unwrap();
        assert_eq!(due.at.to_string(), "2026-11-25T19:00:00Z");
    }
}
