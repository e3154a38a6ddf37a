//! `kolsai clock`.

use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use privacy::Calendar;

#[derive(Subcommand)]
pub enum Clock {
    /// When a term in working days ends, and which days do not count.
    Due {
        /// The day of receipt in Asia/Almaty, YYYY-MM-DD.
        #[arg(long)]
        received: String,
        #[arg(long)]
        working_days: u32,
        #[arg(long, default_value = "kz")]
        regime: Regime,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Regime {
    Kz,
}

impl Clock {
    #[allow(clippy::print_stdout, reason = "the answer of a command")]
    pub fn run(self) -> anyhow::Result<()> {
        let Self::Due { received, working_days, regime: Regime::Kz } = self;
        if working_days > 1_000 {
            bail!("--working-days is at most 1000");
        }
        let day = received.parse().context("--received is a date, YYYY-MM-DD")?;
        let due = Calendar::try_new(6)?.after(day, working_days)?;
        println!("{}", due.date);
        for (date, reason) in due.skipped {
            println!("  {date} does not count: {reason}");
        }
        Ok(())
    }
}
