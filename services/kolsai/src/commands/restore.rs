//! `kolsai restore`.

use anyhow::Context;
use clap::Args;
use foundation::Clock;
use kolsai::{Backed, DEFAULTS};
use service::Settings;

use super::backup::{Opened, shown};

#[derive(Args)]
pub struct Restore {
    #[command(flatten)]
    opened: Opened,
    /// Restores although the ledger of erasures is lost: people who were erased since come back. Say why; it is recorded.
    #[arg(long, value_name = "REASON")]
    without_ledger: Option<String>,
}

impl Restore {
    pub fn run(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        let clock = Clock::system(settings.mode);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?;
        let record = runtime.block_on(async {
            let backed = Backed::for_restore(&settings, clock)?;
            let ask = self.opened.ask(self.without_ledger)?;
            anyhow::Ok(backup::restore(&backed.config, &backed.backups, &backed.around, &ask, &shown()).await?)
        })?;
        say!("restored {}, with the keyring of {}: what came after {} is lost", record.backup, record.keyring_backup, record.taken_at);
        say!("erasures since then are repeated when the school starts, before it serves anybody");
        Ok(())
    }
}
