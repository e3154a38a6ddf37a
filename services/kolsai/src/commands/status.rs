//! `kolsai status`: how the school is, on one screen. It asks the services, the databases and the engines that the settings name, from
//! beside; counts and times alone are shown.

mod engines;
mod services;

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use foundation::{Clock, Mode, Timestamp};
use kolsai::{Backed, DEFAULTS};
use personal_data::Db;
use service::Settings;

/// Whatever is asked has so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Status {}

/// How one thing is: shown as it is, and counted when it is not well.
pub(crate) enum Told {
    Well(String),
    Ill(String),
}

impl Told {
    /// A result, or what went wrong in a line.
    fn of<E: std::fmt::Display>(answer: Result<String, E>) -> Self {
        match answer {
            Ok(text) => Self::Well(text),
            Err(error) => Self::Ill(error.to_string().lines().next().unwrap_or_default().to_owned()),
        }
    }

    fn show(&self, name: &str) -> usize {
        match self {
            Self::Well(text) => say!("  {name:<14} {text}"),
            Self::Ill(why) => say!("  {name:<14} NOT WELL: {why}"),
        }
        usize::from(matches!(self, Self::Ill(_)))
    }
}

impl Status {
    /// The screen, and an error when anything on it is not well.
    pub fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(show())
    }
}

async fn show() -> anyhow::Result<()> {
    let settings = Settings::load(DEFAULTS)?;
    let clock = Clock::system(settings.mode);
    let mode = if settings.mode == Mode::Production { "production" } else { "development" };
    say!("{} in {mode}, kolsai {}, at {}\n", settings.url, env!("CARGO_PKG_VERSION"), clock.now());

    say!("services");
    let mut ill = 0;
    for (name, told) in services::ask(&settings).await {
        ill += told.show(&name);
    }

    say!("\nengines");
    for (name, told) in engines::ask(&settings, &clock).await {
        ill += told.show(name);
    }

    say!("\n{:<16} {:<18} {:>9} {:>9} {:>7} {:>7}", "databases", "engine", "outbox", "oldest", "parked", "held");
    for service in engines::DATABASES {
        match tokio::time::timeout(PATIENCE * 2, database(&settings, &clock, service)).await {
            Ok(Ok(line)) => say!("  {service:<14} {line}"),
            Ok(Err(error)) => {
                ill += 1;
                say!("  {service:<14} NOT WELL: {error}");
            }
            Err(_) => {
                ill += 1;
                say!("  {service:<14} NOT WELL: it does not answer");
            }
        }
    }

    say!("");
    ill += clocks(&settings, &clock).await.show("clocks");
    ill += backups(&settings, &clock).await.show("last backup");
    if ill > 0 {
        bail!("{ill} of these are not well");
    }
    Ok(())
}

/// One row: nothing is migrated here, the schema is the running service's.
async fn database(settings: &Settings, clock: &Clock, service: &'static str) -> Result<String, personal_data::Error> {
    let db = Db::attach(&settings.database_address(service), service, clock.clone()).await?;
    let (engine, waits) = (db.engine().await?, events::backlog(&db).await?);
    db.close().await?;
    let oldest = waits.oldest.map_or_else(|| "-".to_owned(), |at| span(clock.now().since(at)));
    Ok(format!("{engine:<18} {:>9} {oldest:>9} {:>7} {:>7}", waits.depth, waits.parked, waits.held))
}

async fn clocks(settings: &Settings, clock: &Clock) -> Told {
    let count = async {
        let db = Db::attach(&settings.database_address("privacy"), "privacy", clock.clone()).await?;
        let found = privacy::running_out(&db).await;
        db.close().await?;
        found
    };
    match count.await {
        Ok(found) if found.overdue > 0 => Told::Ill(format!("{} overdue, {} at risk", found.overdue, found.at_risk)),
        Ok(found) => Told::Well(format!("{} at risk, none overdue", found.at_risk)),
        Err(error) => Told::of::<personal_data::Error>(Err(error)),
    }
}

async fn backups(settings: &Settings, clock: &Clock) -> Told {
    let config: Result<backup::Config, _> = settings.section("backup");
    if config.as_ref().is_ok_and(|config| !config.is_on()) {
        return Told::Well("none are configured".into());
    }
    let standing = async {
        let backed = Backed::of(settings, clock.clone()).map_err(|error| error.to_string())?;
        backed.backups.standing(&backed.config, clock.now()).await.map_err(|error| error.to_string())
    };
    match standing.await {
        Err(why) => Told::Ill(why),
        Ok(standing) => {
            let last = standing.last.as_ref().map(|last| (last.started_at, clock.now().since(last.started_at)));
            let last = last.map_or_else(|| "there is none".to_owned(), |(at, age): (Timestamp, _)| format!("{at}, {} ago", span(age)));
            let due = standing.due_at.map(|at| format!("; next due {at}")).unwrap_or_default();
            if standing.overdue { Told::Ill(format!("{last}: it is overdue")) } else { Told::Well(format!("{last}{due}")) }
        }
    }
}

/// A span in one unit: `40 s`, `3 h`.
fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
