//! `kolsai migrate`.

use anyhow::{Context, bail};
use clap::Args;
use foundation::{Clock, Mode};
use kolsai::DEFAULTS;
use personal_data::{Db, Holds, Roles};
use sea_orm_migration::MigratorTrait;
use service::{EngineError, Settings, SettingsError, settings::Refused, trace};

/// Everybody with a database.
const SERVICES: [&str; 7] = ["keyring", "privacy", "identity", "learning", "payment", "communication", "analytics"];

#[derive(Args)]
pub struct Migrate {
    /// Services whose databases are brought up to date; all of them, when none is named.
    services: Vec<String>,
}

impl Migrate {
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(unknown) = self.services.iter().find(|name| !SERVICES.contains(&name.as_str())) {
            bail!("`{unknown}` has no database: write one of {}", SERVICES.join(", "));
        }
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(self.migrate())
    }

    async fn migrate(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        let tracing = trace::init(&settings.telemetry)?;
        for service in SERVICES.into_iter().filter(|name| self.services.is_empty() || self.services.iter().any(|asked| asked == name)) {
            match service {
                "keyring" => one::<privacy::keyring::Migrations>(&settings, privacy::keyring::holds()).await?,
                "privacy" => one::<privacy::Migrations>(&settings, privacy::holds()).await?,
                "identity" => one::<identity::Migrations>(&settings, identity::holds()).await?,
                "learning" => one::<learning::Migrations>(&settings, learning::holds()).await?,
                "payment" => one::<payment::Migrations>(&settings, payment::holds()).await?,
                "communication" => one::<communication::Migrations>(&settings, communication::holds()).await?,
                _ => one::<analytics::Migrations>(&settings, analytics::holds()).await?,
            }
        }
        tracing.shutdown().await;
        Ok(())
    }
}

async fn one<M: MigratorTrait>(settings: &Settings, holds: Holds) -> anyhow::Result<()> {
    let service = holds.service();
    let (setting, address) = settings.migration_of(service);
    if settings.mode == Mode::Production && !address.contains("sslmode=verify-full") {
        let refused = vec![Refused::Plaintext { setting, instead: "a `postgres://` address with sslmode=verify-full" }];
        return Err(SettingsError::Refused { mode: settings.mode, refused }.into());
    }
    let refused = |error| EngineError::of_database(service, setting.clone(), error);
    let prefix = &settings.database.role_prefix;
    let roles = if address.starts_with("sqlite:") || prefix.is_empty() {
        None
    } else {
        Some(Roles::of(prefix, service, &SERVICES).map_err(refused)?)
    };
    if address.starts_with("sqlite:") {
        std::fs::create_dir_all(&settings.data).context("the data folder cannot be made; correct KOLSAI_DATA")?;
    }
    let options = settings.database.options(settings.mode);
    let applied = Db::migrate::<M>(&address, &holds, roles.as_ref(), Clock::system(settings.mode), &options).await.map_err(refused)?;
    let rights =
        roles.as_ref().map_or_else(String::new, |roles| format!("; {} may work with its rows, and do nothing to its tables", roles.own()));
    match applied.len() {
        0 => say!("{service:<14} is up to date{rights}"),
        count => say!("{service:<14} {count} migrations applied{rights}"),
    }
    Ok(())
}
