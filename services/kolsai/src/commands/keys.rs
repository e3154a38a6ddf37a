//! `kolsai keys`.

use clap::Subcommand;
use foundation::Clock;
use kolsai::DEFAULTS;
use personal_data::Db;
use privacy::keyring::{KeyEncryption, rotate, wrapped_by};
use service::Settings;

#[derive(Subcommand)]
pub enum Keys {
    /// Wraps every key anew by the key-encryption key that the settings name, in batches; it can be ended and run again. The data is
    /// not touched. The former one must stand in `KOLSAI__PRIVACY__FORMER_KEY_ENCRYPTION_KEYS` until it is done.
    Rotate,
    /// How many keys each key-encryption key wraps.
    Status,
}

impl Keys {
    pub fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.go())
    }

    async fn go(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        let clock = Clock::system(settings.mode);
        let db = Db::attach(&settings.database_address("keyring"), "keyring", clock.clone()).await?;
        if matches!(self, Self::Rotate) {
            let keys = KeyEncryption::open(&settings.section("privacy")?, &settings, &clock)?;
            let done = rotate(&db, &keys, |so_far| say!("{} wrapped anew", so_far.rewrapped)).await?;
            anyhow::ensure!(done.stuck == 0, "{} keys are wrapped by what the settings do not name", done.stuck);
        }
        for (name, count) in wrapped_by(&db).await? {
            say!("{count:>10}  {}", if name.is_empty() { "a file, wrapped before keys had its name" } else { &name });
        }
        Ok(())
    }
}
