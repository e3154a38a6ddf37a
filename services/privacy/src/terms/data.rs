//! Terms and days off as they are written down: dated, each with where it comes from.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest, Sha256};

use super::{CalendarError, Regime};

const TERMS: &str = include_str!("terms.toml");
const CALENDAR: &str = include_str!("calendar.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    term: Vec<Term>,
}

/// How long a regime gives for a right, from a day on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub right: String,
    pub regime: Regime,
    working_days: Option<u32>,
    calendar_days: Option<u32>,
    months: Option<u32>,
    hours: Option<u32>,
    pub article: String,
    #[serde(deserialize_with = "date")]
    pub from: Date,
    #[allow(dead_code, reason = "provenance is read by people")]
    pub source: String,
}

/// A length of time, as a law counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    WorkingDays(u32),
    /// Days as they come; a last day that is not a working day moves to the next working day.
    CalendarDays(u32),
    Months(u32),
    Hours(u32),
}

impl Term {
    pub fn length(&self) -> Result<Length, CalendarError> {
        match (self.working_days, self.calendar_days, self.months, self.hours) {
            (Some(days), None, None, None) => Ok(Length::WorkingDays(days)),
            (None, Some(days), None, None) => Ok(Length::CalendarDays(days)),
            (None, None, Some(months), None) => Ok(Length::Months(months)),
            (None, None, None, Some(hours)) => Ok(Length::Hours(hours)),
            _ => Err(CalendarError::Length { right: self.right.clone(), article: self.article.clone() }),
        }
    }
}

/// The calendar, or what a file of the operator adds to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    pub version: String,
    #[serde(default)]
    covers: Vec<Covers>,
    #[serde(default)]
    pub holiday: Vec<Holiday>,
    #[serde(default)]
    pub day_off: Vec<Day>,
    /// A day of a weekend on which people work, because its day off was moved.
    #[serde(default)]
    pub working_day: Vec<Day>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Covers {
    #[serde(deserialize_with = "date")]
    from: Date,
    #[serde(deserialize_with = "date")]
    through: Date,
    #[allow(dead_code, reason = "provenance is read by people")]
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    pub dates: Vec<String>,
    pub from: i16,
    pub until: Option<i16>,
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    #[serde(deserialize_with = "date")]
    pub date: Date,
    pub reason: String,
    pub source: String,
}

fn date<'de, D: Deserializer<'de>>(text: D) -> Result<Date, D::Error> {
    String::deserialize(text)?.parse().map_err(D::Error::custom)
}

/// Everything that the calendar counts by.
pub struct Data {
    pub terms: Vec<Term>,
    pub days: Days,
    /// The first and the last day of which every day off is known.
    pub known: (Date, Date),
    /// The versions of its parts, and a hash over all of them.
    pub version: String,
}

impl Data {
    /// `further` is a file of the operator in the form of `calendar.toml`: moved days off, and days announced since.
    pub fn read(further: Option<&str>) -> Result<Self, CalendarError> {
        let terms = toml::from_str::<Terms>(TERMS)?.term;
        for term in &terms {
            term.length()?;
        }
        let mut days: Days = toml::from_str(CALENDAR)?;
        if let Some(further) = further {
            let added: Days = toml::from_str(further)?;
            days.version = format!("{}+{}", days.version, added.version);
            days.covers.extend(added.covers);
            days.holiday.extend(added.holiday);
            days.day_off.extend(added.day_off);
            days.working_day.extend(added.working_day);
        }
        if let Some(both) = days.day_off.iter().find(|off| days.working_day.iter().any(|day| day.date == off.date)) {
            return Err(CalendarError::OffAndWorking(both.date));
        }
        let known = known(&mut days.covers)?;
        let digest = Sha256::new().chain_update(TERMS).chain_update(CALENDAR).chain_update(further.unwrap_or_default()).finalize();
        let version = format!("{} {}", days.version, hex::encode(&digest[..4]));
        Ok(Self { terms, days, known, version })
    }
}

/// The stretches joined: a hole between two of them is an error that names it.
fn known(covers: &mut [Covers]) -> Result<(Date, Date), CalendarError> {
    covers.sort_by_key(|stretch| stretch.from);
    let mut known: Option<(Date, Date)> = None;
    for stretch in covers.iter() {
        known = Some(match known {
            None => (stretch.from, stretch.through),
            Some((first, last)) if stretch.from <= last.saturating_add(1.day()) => (first, last.max(stretch.through)),
            Some((_, last)) => return Err(CalendarError::Gap { after: last, before: Some(stretch.from) }),
        });
    }
    known.ok_or(CalendarError::Empty)
}
