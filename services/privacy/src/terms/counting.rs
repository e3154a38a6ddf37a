//! How each regime counts a length of time.

use foundation::Timestamp;
use jiff::{ToSpan, civil::Date, civil::Weekday};

use super::{Calendar, CalendarError, DueDate, Length, Regime};

impl Calendar {
    /// The last of `working_days` working days of Kazakhstan after `received`; the term starts the day after.
    pub fn after(&self, received: Date, working_days: u32) -> Result<DueDate, CalendarError> {
        self.on(Regime::Kz, received, Length::WorkingDays(working_days))
    }

    /// When a length that began on a day ends; days of which nothing is announced are an error.
    pub fn on(&self, regime: Regime, received: Date, length: Length) -> Result<DueDate, CalendarError> {
        let at = received.to_zoned(self.zone.clone())?.timestamp();
        self.counts(regime, Timestamp::from_micros(at.as_microsecond()), length, true)
    }

    pub(super) fn counts(&self, regime: Regime, received: Timestamp, length: Length, strict: bool) -> Result<DueDate, CalendarError> {
        let day = self.day(received)?;
        let mut count = Count { calendar: self, regime, strict, date: day, skipped: Vec::new(), provisional: false };
        match length {
            Length::WorkingDays(days) => {
                let mut left = days;
                while left > 0 {
                    count.date = count.date.tomorrow()?;
                    if !count.skips()? {
                        left -= 1;
                    }
                }
            }
            Length::CalendarDays(0) => {}
            Length::CalendarDays(days) => {
                count.date = day.checked_add(i64::from(days).days())?;
                count.move_to_working_day()?;
            }
            // "The same date as the day from which the period runs"; the last of a month that has no such date.
            Length::Months(months) => {
                count.date = day.checked_add(i64::from(months).months())?;
                count.move_to_working_day()?;
            }
            Length::Hours(hours) => {
                let at = received.plus(std::time::Duration::from_secs(u64::from(hours) * 3600));
                return Ok(DueDate { date: self.day(at)?, skipped: Vec::new(), at, provisional: false });
            }
        }
        let Count { date, skipped, provisional, .. } = count;
        let end = date.tomorrow()?.to_zoned(self.zone.clone())?.timestamp();
        Ok(DueDate { date, skipped, at: Timestamp::from_micros(end.as_microsecond()), provisional })
    }
}

/// A count under way.
struct Count<'a> {
    calendar: &'a Calendar,
    regime: Regime,
    strict: bool,
    date: Date,
    skipped: Vec<(Date, String)>,
    provisional: bool,
}

impl Count<'_> {
    fn move_to_working_day(&mut self) -> Result<(), CalendarError> {
        while self.skips()? {
            self.date = self.date.tomorrow()?;
        }
        Ok(())
    }

    /// Notes why the day does not count, if it does not.
    fn skips(&mut self) -> Result<bool, CalendarError> {
        let reason = match self.regime {
            Regime::Kz => {
                self.is_known()?;
                self.calendar.day_off(self.date)?
            }
            // Public holidays differ between member states: only weekends are sure, so the term is never too long.
            Regime::Eu => matches!(self.date.weekday(), Weekday::Saturday | Weekday::Sunday).then(|| "weekend".to_owned()),
        };
        let skips = reason.is_some();
        self.skipped.extend(reason.map(|reason| (self.date, reason)));
        Ok(skips)
    }

    fn is_known(&mut self) -> Result<(), CalendarError> {
        let (first, last) = self.calendar.data.known;
        if (first..=last).contains(&self.date) {
            return Ok(());
        }
        if !self.strict {
            self.provisional = true;
            return Ok(());
        }
        Err(if self.date < first {
            CalendarError::Gap { after: self.date, before: Some(first) }
        } else {
            CalendarError::Gap { after: last, before: None }
        })
    }
}
