//! `kolsai retention`.

use anyhow::{Context, bail};
use clap::Args;
use foundation::Clock;
use kolsai::{DEFAULTS, data_map};
use personal_data::Db;
use service::Settings;

#[derive(Args)]
pub struct Retention {
    /// Only says what is over: each service removes it by itself, hourly.
    #[arg(long)]
    dry_run: bool,
}

impl Retention {
    pub fn run(self) -> anyhow::Result<()> {
        if !self.dry_run {
            bail!("each service lets its rows expire by itself, hourly; `--dry-run` says what the next round would remove");
        }
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(list())
    }
}

async fn list() -> anyhow::Result<()> {
    let settings = Settings::load(DEFAULTS)?;
    let clock = Clock::system(settings.mode);
    say!("{:<14} {:<22} {:>8} {:>8}  kept", "service", "table", "due", "overdue");
    let mut overdue = 0;
    for holds in data_map::holds() {
        let service = holds.service();
        let address = settings.database_address(service);
        // Nothing is migrated here: the schema is the running service's.
        let db = Db::attach(&address, service, clock.clone()).await.with_context(|| format!("the database of {service} cannot be read"))?;
        for due in holds.due(&db).await.with_context(|| format!("{service} cannot say what is over"))? {
            say!("{service:<14} {:<22} {:>8} {:>8}  {}", due.table, due.due, due.overdue, due.keep);
            overdue += due.overdue;
        }
        db.close().await.with_context(|| format!("the database of {service} did not close well"))?;
    }
    if overdue > 0 {
        bail!("{overdue} records outlive their term for more than a day: see the log of the services for RETENTION_OVERDUE");
    }
    Ok(())
}
