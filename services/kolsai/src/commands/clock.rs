//! `kolsai clock`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use privacy::{Calendar, Length};

#[derive(Subcommand)]
pub enum Clock {
    /// When a term ends, and which days do not count.
    Due {
        /// The day of receipt in Asia/Almaty, YYYY-MM-DD.
        #[arg(long)]
        received: String,
        #[command(flatten)]
        length: Term,
        /// How it is counted: `kz` by the working calendar of Kazakhstan, `eu` by Regulation 1182/71 without public holidays.
        #[arg(long, default_value = "kz")]
        regime: Regime,
        /// Moved days off and days announced since, in the form of the calendar's own file.
        #[arg(long)]
        calendar: Option<PathBuf>,
    },
}

/// One of the three.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Term {
    #[arg(long)]
    working_days: Option<u32>,
    #[arg(long)]
    calendar_days: Option<u32>,
    #[arg(long)]
    months: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Regime {
    Kz,
    Eu,
}

impl Term {
    fn read(&self) -> anyhow::Result<Length> {
        let (length, most) = match (self.working_days, self.calendar_days, self.months) {
            (Some(days), ..) => (Length::WorkingDays(days), days <= 1_000),
            (_, Some(days), _) => (Length::CalendarDays(days), days <= 3_000),
            (.., Some(months)) => (Length::Months(months), months <= 120),
            _ => bail!("say --working-days, --calendar-days or --months"),
        };
        if !most {
            bail!("--working-days is at most 1000, --calendar-days 3000, --months 120");
        }
        Ok(length)
    }
}

impl Clock {
    pub fn run(self) -> anyhow::Result<()> {
        let Self::Due { received, length, regime, calendar } = self;
        let day = received.parse().context("--received is a date, YYYY-MM-DD")?;
        let further = match &calendar {
            Some(file) => Some(std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?),
            None => None,
        };
        let regime = match regime {
            Regime::Kz => privacy::Regime::Kz,
            Regime::Eu => privacy::Regime::Eu,
        };
        let due = Calendar::with(6, further.as_deref())?.on(regime, day, length.read()?)?;
        say!("{}", due.date);
        for (date, reason) in due.skipped {
            say!("  {date} does not count: {reason}");
        }
        Ok(())
    }
}
