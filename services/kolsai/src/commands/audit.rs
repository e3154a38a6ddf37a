//! `kolsai audit`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Subcommand;
use contract::Contract;
use foundation::Clock;
use kolsai::DEFAULTS;
use personal_data::Db;
use privacy::audit::{Anchors, Verified, export, verify_file, verify_live};
use service::Settings;

#[derive(Subcommand)]
pub enum Audit {
    /// Checks the access logs and names the first broken, missing or forked record: each service's own beside what it handed over,
    /// or, with `--from`, an export, without the school.
    Verify {
        /// A file that `kolsai audit export` wrote.
        #[arg(long)]
        from: Option<PathBuf>,
        /// An earlier export that was kept elsewhere: what it has must still be so.
        #[arg(long, requires = "from")]
        anchor: Option<PathBuf>,
        /// The public key as `GET /v1/receipt-key` answers it, in base64.
        #[arg(long)]
        key: String,
    },
    /// Writes every log with its signed checkpoints, for an anchor outside.
    Export {
        #[arg(long)]
        to: PathBuf,
    },
}

impl Audit {
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Verify { from: Some(file), anchor, key } => offline(&file, anchor.as_deref(), &decoded(&key)?),
            Self::Verify { key, .. } => runtime()?.block_on(live(&decoded(&key)?)),
            Self::Export { to } => runtime()?.block_on(write(&to)),
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn decoded(key: &str) -> anyhow::Result<Vec<u8>> {
    BASE64_STANDARD.decode(key).context("--key is not base64")
}

fn open(file: &Path) -> anyhow::Result<File> {
    File::open(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn offline(file: &Path, anchor: Option<&Path>, key: &[u8]) -> anyhow::Result<()> {
    let anchors = match anchor {
        Some(earlier) => Anchors::read(open(earlier)?, key).with_context(|| format!("the anchor {}", earlier.display()))?,
        None => Anchors::default(),
    };
    told(&verify_file(open(file)?, key, &anchors)?);
    Ok(())
}

async fn live(key: &[u8]) -> anyhow::Result<()> {
    let (settings, clock) = settings()?;
    let privacy = database(&settings, "privacy", &clock).await?;
    let mut services = Vec::new();
    for holder in Contract::get().holders() {
        let name = holder.service.as_str();
        services.push((name, if name == "privacy" { privacy.clone() } else { database(&settings, name, &clock).await? }));
    }
    services.push(("keyring", database(&settings, "keyring", &clock).await?));
    told(&verify_live(&privacy, &services, key).await?);
    Ok(())
}

async fn write(to: &Path) -> anyhow::Result<()> {
    let (settings, clock) = settings()?;
    let privacy = database(&settings, "privacy", &clock).await?;
    // Whole or not there at all.
    let draft = to.with_extension("part");
    let mut out = BufWriter::new(File::create(&draft).with_context(|| format!("{} cannot be written", draft.display()))?);
    let records = export(&privacy, clock.now(), &mut out).await?;
    out.flush()?;
    out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    std::fs::rename(&draft, to)?;
    tell(&format!("{records} records in {}", to.display()));
    Ok(())
}

fn settings() -> anyhow::Result<(Settings, Clock)> {
    let settings = Settings::load(DEFAULTS)?;
    let clock = Clock::system(settings.mode);
    Ok((settings, clock))
}

async fn database(settings: &Settings, service: &str, clock: &Clock) -> anyhow::Result<Db> {
    let address = settings.database_address(service);
    Db::attach(&address, "privacy", clock.clone()).await.with_context(|| format!("the database of {service}"))
}

fn told(verified: &Verified) {
    for (service, records) in &verified.records {
        tell(&format!("{service:<14} {records:>10} records"));
    }
    tell(&format!("every record is as it was written; {} signed checkpoints", verified.checkpoints));
}

fn tell(line: &str) {
    say!("{line}");
}
