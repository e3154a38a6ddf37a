//! How long a row is kept when nobody asks for anything.

use std::fmt;

use foundation::Timestamp;
use jiff::{ToSpan, Zoned, tz::TimeZone};

/// The one time zone of Kazakhstan since 1 March 2024: its days and years are what laws count.
const ZONE: &str = "Asia/Almaty";

#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub after: After,
    pub span: Span,
    /// The column that says when; none for the end of the relation, which is with the person.
    pub at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The person's relation with the school ended.
    RelationEnd,
    /// The row was written.
    Created,
    /// The row was last used.
    LastUse,
    /// What the row is about ended; what has not ended by then ends with the person's relation.
    Ended,
    /// The tax period of the row ended: its years begin with the next one (Tax Code, art. 48).
    TaxPeriod,
}

/// Calendar years, in Asia/Almaty, are not days: a law's five years are not 1825 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Years(u32),
    Days(u32),
}

#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub column: &'static str,
    /// A day (`YYYY-MM-DD`) in place of a time.
    pub is_date: bool,
    pub is_optional: bool,
}

impl Keep {
    /// A row whose moment is at this time or earlier is over now.
    pub fn cutoff(&self, now: Timestamp) -> Timestamp {
        let (here, span) = (in_almaty(now), self.jiff());
        let cut = match self.after {
            // A row is over when the year that follows its own began so long ago.
            After::TaxPeriod => {
                let began = here.checked_sub(span).and_then(|then| then.first_of_year()?.start_of_day());
                began.and_then(|began| began.checked_sub(1.microsecond()))
            }
            _ => here.checked_sub(span),
        };
        // A span beyond all calendars: nothing is over.
        cut.map_or(Timestamp::from_micros(i64::MIN), |cut| Timestamp::from_micros(cut.timestamp().as_microsecond()))
    }

    /// The day before which a row that says a day is over.
    pub fn cutoff_date(&self, now: Timestamp) -> String {
        in_almaty(self.cutoff(now)).date().to_string()
    }

    /// When a row of this moment is over.
    pub fn ends(&self, moment: Timestamp) -> Timestamp {
        let (here, span) = (in_almaty(moment), self.jiff());
        let end = match self.after {
            After::TaxPeriod => {
                here.checked_add(1.year()).and_then(|next| next.first_of_year()?.start_of_day()).and_then(|first| first.checked_add(span))
            }
            _ => here.checked_add(span).and_then(|end| past_leap_day(&here, end)),
        };
        end.map_or(Timestamp::from_micros(i64::MAX), |end| Timestamp::from_micros(end.timestamp().as_microsecond()))
    }

    fn jiff(&self) -> jiff::Span {
        match self.span {
            Span::Years(years) => i64::from(years.min(9_000)).years(),
            Span::Days(days) => i64::from(days.min(3_000_000)).days(),
        }
    }
}

/// Years from a 29 February end where that day would have been: on 1 March.
fn past_leap_day(from: &Zoned, end: Zoned) -> Result<Zoned, jiff::Error> {
    if from.day() == 29 && end.day() == 28 && from.month() == end.month() { end.tomorrow()?.start_of_day() } else { Ok(end) }
}

fn in_almaty(at: Timestamp) -> Zoned {
    let zone = TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(5)));
    let at =
        jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(if at.micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX });
    at.to_zoned(zone)
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = match self.span {
            Span::Years(0) | Span::Days(0) => None,
            Span::Years(1) => Some("1 year".to_owned()),
            Span::Years(years) => Some(format!("{years} years")),
            Span::Days(1) => Some("1 day".to_owned()),
            Span::Days(days) => Some(format!("{days} days")),
        };
        match (self.after, span) {
            (After::RelationEnd, None) => f.write_str("until the relation ends"),
            (After::RelationEnd, Some(span)) => write!(f, "{span} after the relation ends"),
            (After::Created, span) => write!(f, "{} after it was written", span.unwrap_or_else(|| "0 days".into())),
            (After::LastUse, span) => write!(f, "{} after its last use", span.unwrap_or_else(|| "0 days".into())),
            (After::Ended, None) => f.write_str("until it ends"),
            (After::Ended, Some(span)) => write!(f, "{span} after it ended"),
            (After::TaxPeriod, span) => write!(f, "{} from the tax period that follows its own", span.unwrap_or_else(|| "0 days".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, DateTime};
    use proptest::prelude::*;

    use super::*;

    fn keep(after: After, span: Span) -> Keep {
        Keep { after, span, at: None }
    }

    /// Midnight in Asia/Almaty.
    fn day(year: i16, month: i8, day: i8) -> Timestamp {
        let midnight: DateTime = Date::new(year, month, day).unwrap().into();
        let midnight = midnight.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap();
        Timestamp::from_micros(midnight.timestamp().as_microsecond())
    }

    #[test]
    fn five_years_from_the_next_tax_period() {
        let tax = keep(After::TaxPeriod, Span::Years(5));
        for paid in [day(2026, 1, 1), day(2026, 6, 30), day(2027, 1, 1).minus(std::time::Duration::from_micros(1))] {
            assert_eq!(tax.ends(paid), day(2032, 1, 1), "{paid}");
        }
        assert_eq!(tax.ends(day(2027, 1, 1)), day(2033, 1, 1));
        assert!(tax.cutoff(day(2031, 12, 31)) < day(2026, 1, 1), "not on the last day of the term");
        assert!(tax.cutoff(day(2032, 1, 1)) < day(2027, 1, 1) && tax.cutoff(day(2032, 1, 1)) > day(2026, 12, 31));
        assert_eq!(tax.to_string(), "5 years from the tax period that follows its own");
    }

    #[test]
    fn years_are_calendar_years_and_a_leap_day_loses_nothing() {
        let years = keep(After::Created, Span::Years(3));
        assert_eq!(years.ends(day(2026, 11, 23)), day(2029, 11, 23));
        assert_eq!(years.ends(day(2028, 2, 29).plus(std::time::Duration::from_secs(3600))), day(2031, 3, 1));
        assert_eq!(keep(After::Created, Span::Days(8)).ends(day(2026, 2, 25)), day(2026, 3, 5));
        assert_eq!(keep(After::Created, Span::Days(14)).cutoff_date(day(2026, 3, 15)), "2026-03-01");
    }

    proptest! {
        /// A row is over exactly when its own term says so.
        #[test]
        fn the_cutoff_and_the_end_say_the_same(
            moment in 1_500_000_000_i64..4_000_000_000,
            later in 0_i64..500_000_000,
            span in prop_oneof![(0_u32..8).prop_map(Span::Years), (0_u32..900).prop_map(Span::Days)],
            tax: bool,
        ) {
            let keep = keep(if tax { After::TaxPeriod } else { After::Created }, span);
            let (at, now) = (Timestamp::from_micros(moment * 1_000_000), Timestamp::from_micros((moment + later) * 1_000_000));
            // What Kazakhstan's clocks skipped or showed twice is no boundary of a term that we count.
            prop_assume!(moment > 1_710_000_000);
            prop_assert_eq!(at <= keep.cutoff(now), keep.ends(at) <= now, "{} {} {:?}", at, now, keep);
        }
    }
}
