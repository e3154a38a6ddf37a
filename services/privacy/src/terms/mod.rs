//! Clocks: every regime's term computed from dated data, and the strictest governs (Civil Code art. 173–176; Regulation
//! (EEC, Euratom) 1182/71 for the EU).

mod counting;
mod data;
#[cfg(test)]
mod tests;

use foundation::{Timestamp, sabotage};
use jiff::{Zoned, civil::Date, civil::Weekday, tz::TimeZone};
use serde::Deserialize;

use data::Data;
pub use data::Length;

/// The one time zone of Kazakhstan since 1 March 2024.
const ZONE: &str = "Asia/Almaty";

/// Whose law counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regime {
    Kz,
    Eu,
}

impl Regime {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kz => "kz",
            Self::Eu => "eu",
        }
    }
}

/// Why the calendar cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    #[error("terms or calendar are not readable")]
    Data(#[from] toml::de::Error),
    #[error("the calendar file `{file}` cannot be read")]
    File {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("a date of the calendar does not exist")]
    Date(#[from] jiff::Error),
    #[error("no term for `{0}` on that day")]
    NoTerm(String),
    #[error("the term of `{right}` by {article} has one length: `working_days`, `calendar_days`, `months` or `hours`")]
    Length { right: String, article: String },
    #[error("{}", gap(.after, .before))]
    Gap { after: Date, before: Option<Date> },
    #[error("{0} is a day off and a working day: one of the two is wrong")]
    OffAndWorking(Date),
    #[error("the calendar covers no day")]
    Empty,
}

fn gap(after: &Date, before: &Option<Date>) -> String {
    match before {
        Some(before) => format!("the calendar has a gap: no days off are known between {after} and {before}; add a `[[covers]]` for them"),
        None => format!("the calendar has a gap: no days off are known after {after}; add what was announced since in a calendar file"),
    }
}

/// The working calendar and the terms.
pub struct Calendar {
    data: Data,
    second_day_off: Weekday,
    zone: TimeZone,
}

/// When something is due, and which days did not count, with their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDate {
    pub date: Date,
    pub skipped: Vec<(Date, String)>,
    /// The end of the term; for days, the end of that day in Asia/Almaty.
    pub at: Timestamp,
    /// It reaches beyond the days of which all days off are known: announced ones may still move it to later.
    pub provisional: bool,
}

/// One regime's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    pub regime: Regime,
    pub article: String,
    pub due: DueDate,
}

/// Every regime's clock, and which of them governs: the one that ends first.
#[derive(Clone, Debug)]
pub struct Governed {
    pub strictest: Clock,
    pub others: Vec<Clock>,
}

impl Calendar {
    /// `second_day_off` is 1 (Monday) to 6 (Saturday); anything else means Saturday.
    pub fn try_new(second_day_off: i8) -> Result<Self, CalendarError> {
        Self::with(second_day_off, None)
    }

    /// `further`: what a file of the operator adds, in the form of `calendar.toml`.
    pub fn with(second_day_off: i8, further: Option<&str>) -> Result<Self, CalendarError> {
        let second_day_off = Weekday::from_monday_one_offset(second_day_off).unwrap_or(Weekday::Saturday);
        Ok(Self { data: Data::read(further)?, second_day_off, zone: TimeZone::get(ZONE)? })
    }

    /// Of the data and of the rule for the second day off: another version may count otherwise.
    pub fn version(&self) -> String {
        format!("{}, second day off {:?}", self.data.version, self.second_day_off)
    }

    /// When a request for `right`, received then, is due by the strictest regime; and the article that says so. A term that
    /// reaches into days of which nothing is announced is a [`CalendarError::Gap`].
    pub fn due(&self, right: &str, received: Timestamp) -> Result<(DueDate, String), CalendarError> {
        let clock = self.counted(right, received, true)?.strictest;
        Ok((clock.due, clock.article))
    }

    /// As `due`, with every regime. Where the calendar has a gap it counts without the days off that nobody has announced:
    /// the term is then never longer than the law's.
    pub fn governed(&self, right: &str, received: Timestamp) -> Result<Governed, CalendarError> {
        self.counted(right, received, false)
    }

    fn counted(&self, right: &str, received: Timestamp, strict: bool) -> Result<Governed, CalendarError> {
        let day = self.day(received)?;
        let mut clocks = Vec::new();
        for regime in [Regime::Kz, Regime::Eu] {
            let of = self.data.terms.iter().filter(|term| term.right == right && term.regime == regime && term.from <= day);
            let Some(term) = of.max_by_key(|term| term.from) else { continue };
            let due = self.counts(regime, received, term.length()?, strict)?;
            clocks.push(Clock { regime, article: term.article.clone(), due });
        }
        clocks.sort_by_key(|clock| (clock.due.at, clock.regime));
        if clocks.is_empty() {
            return Err(CalendarError::NoTerm(right.to_owned()));
        }
        let strictest = clocks.remove(0);
        Ok(Governed { strictest, others: clocks })
    }

    /// The day of an instant in Almaty.
    pub fn day(&self, at: Timestamp) -> Result<Date, CalendarError> {
        Ok(Zoned::new(jiff::Timestamp::from_microsecond(at.micros())?, self.zone.clone()).date())
    }

    /// Why nobody works on a day; none for a working day.
    fn day_off(&self, date: Date) -> Result<Option<String>, CalendarError> {
        if self.data.days.working_day.iter().any(|day| day.date == date) {
            return Ok(None);
        }
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
        let announced = || self.data.days.day_off.iter().find(|day| day.date == date).map(|day| format!("{} ({})", day.reason, day.source));
        self.holiday(date).map(|source| format!("holiday ({source})")).or_else(announced)
    }

    fn is_weekend(&self, date: Date) -> bool {
        date.weekday() == Weekday::Sunday || date.weekday() == self.second_day_off
    }

    fn holiday(&self, date: Date) -> Option<&str> {
        let day = format!("{:02}-{:02}", date.month(), date.day());
        let applies = |holiday: &&data::Holiday| {
            !sabotage::breaks("P33")
                && holiday.dates.contains(&day)
                && holiday.from <= date.year()
                && holiday.until.is_none_or(|until| date.year() <= until)
        };
        self.data.days.holiday.iter().find(applies).map(|holiday| holiday.source.as_str())
    }
}
