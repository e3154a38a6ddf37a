//! `kolsai backup`.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use backup::{Ask, Entry, Identities, Progress, Shown};
use clap::{Args, Subcommand};
use foundation::{Clock, Timestamp, uuid::Uuid};
use kolsai::{Backed, DEFAULTS};
use service::Settings;

#[derive(Args)]
pub struct Backup {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Takes a backup now; the same as `kolsai backup` alone.
    Run,
    /// Shows the catalogue, and whether a backup or a drill is due. Ends with an error when one is overdue.
    List,
    /// Removes what has expired or was interrupted.
    Prune,
    /// Prints the public key of the catalogue, which a restore elsewhere needs as `KOLSAI__BACKUP__CATALOGUE_KEY`.
    Key,
    /// Makes a key pair: the secret half into a file to be taken elsewhere, the public half printed.
    NewKey { file: PathBuf },
    /// Restores a backup into a scratch folder, looks at everything, and removes it.
    Drill(Opened),
}

/// Which backup, and what opens it.
#[derive(Args)]
pub struct Opened {
    /// The newest when none is named.
    #[arg(long)]
    pub backup: Option<Uuid>,
    /// The newest when none is named.
    #[arg(long)]
    pub keyring_backup: Option<Uuid>,
    /// The file with the secret key for the data (`AGE-SECRET-KEY-1…`).
    #[arg(long)]
    pub identity: PathBuf,
    /// The file with the secret key for the keyring.
    #[arg(long)]
    pub keyring_identity: PathBuf,
}

impl Opened {
    pub fn ask(self, without_ledger: Option<String>) -> anyhow::Result<Ask> {
        Ok(Ask {
            backup: self.backup,
            keyring_backup: self.keyring_backup,
            keys: Arc::new(Identities::read(&self.identity)?),
            keyring_keys: Arc::new(Identities::read(&self.keyring_identity)?),
            without_ledger,
        })
    }
}

impl Backup {
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(What::NewKey { file }) = &self.what {
            return new_key(file);
        }
        let settings = Settings::load(DEFAULTS)?;
        let clock = Clock::system(settings.mode);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?;
        runtime.block_on(async move {
            match self.what.unwrap_or(What::Run) {
                What::Run => take(&Backed::of(&settings, clock)?).await,
                What::List => list(&Backed::of(&settings, clock)?).await,
                What::Prune => prune(&Backed::of(&settings, clock)?).await,
                What::Key => key(&Backed::of(&settings, clock)?),
                What::Drill(opened) => drill(&Backed::for_restore(&settings, clock)?, opened).await,
                What::NewKey { file } => new_key(&file),
            }
        })
    }
}

fn new_key(file: &std::path::Path) -> anyhow::Result<()> {
    let public = backup::new_identity(file).with_context(|| format!("{} cannot be made", file.display()))?;
    say!("{public}");
    eprintln!("the secret half is in {}: take it off this machine, and keep a second copy of it", file.display());
    Ok(())
}

fn key(backed: &Backed) -> anyhow::Result<()> {
    say!("{}", backup::catalogue_key_of(&backed.config, &backed.around.data, backed.around.mode)?);
    Ok(())
}

async fn take(backed: &Backed) -> anyhow::Result<()> {
    let begun = backed.around.clock.now();
    let taken = backup::take(&backed.config, &backed.backups, &backed.around, &shown()).await?;
    let bytes: u64 = taken.data.parts.iter().chain(&taken.keyring.parts).map(|part| part.content_size).sum();
    let seconds = backed.around.clock.now().since(begun).as_secs_f64();
    say!("{}: {} in {seconds:.1} s, kept until {}", taken.data.id, size(bytes), taken.data.expires_at);
    say!("{} of the keyring, apart, kept until {}", taken.keyring.id, taken.keyring.expires_at);
    Ok(())
}

async fn list(backed: &Backed) -> anyhow::Result<()> {
    let now = backed.around.clock.now();
    for entry in backed.backups.all().await? {
        say!("{}", line(&entry, now));
    }
    let standing = backed.backups.standing(&backed.config, now).await?;
    match backed.backups.last_drill().await? {
        Some(at) => say!("last restored in a drill at {at}"),
        None => say!("never restored in a drill: `kolsai backup drill`"),
    }
    match standing.due_at {
        Some(_) if standing.overdue => bail!("OVERDUE: the last backup is older than KOLSAI__BACKUP__EVERY_HOURS allows"),
        Some(due) => say!("next backup due at {due}"),
        None => say!("not scheduled: KOLSAI__BACKUP__EVERY_HOURS is not set"),
    }
    Ok(())
}

fn line(entry: &Entry, now: Timestamp) -> String {
    let bytes: u64 = entry.parts.iter().map(|part| part.size).sum();
    let state = match entry.finished_at {
        None => "under way, or interrupted".to_owned(),
        Some(_) if entry.expires_at <= now => "expired, to be pruned".to_owned(),
        Some(_) => format!("{} in {} parts", size(bytes), entry.parts.len()),
    };
    format!("{}  {:7}  {}  {state}, until {}  {}", entry.id, entry.shelf.to_string(), entry.started_at, entry.expires_at, entry.school)
}

async fn prune(backed: &Backed) -> anyhow::Result<()> {
    let pruned = backup::prune(&backed.backups, backed.around.clock.now()).await?;
    say!("removed: {} expired, {} interrupted, {} left-over files", pruned.expired, pruned.interrupted, pruned.leftovers);
    Ok(())
}

async fn drill(backed: &Backed, opened: Opened) -> anyhow::Result<()> {
    let begun = backed.around.clock.now();
    let drilled = backup::drill(&backed.config, &backed.backups, &backed.around, &opened.ask(None)?, &shown()).await?;
    for part in &drilled.parts {
        say!("{:14} {:>10}  {}", part.part, size(part.size), part.what);
    }
    let seconds = backed.around.clock.now().since(begun).as_secs_f64();
    match drilled.ledger_entries {
        Some(entries) => say!("the ledger of erasures can be read: {entries} entries"),
        None => say!("no ledger of erasures is configured: a restore would refuse"),
    }
    say!("{} of {} is whole and opens; {seconds:.1} s", drilled.backup, drilled.taken_at);
    Ok(())
}

/// Progress on the other channel than the answer.
pub fn shown() -> Shown {
    Arc::new(|progress: Progress| {
        let of = progress.of.map(|of| format!(" of {}", size(of))).unwrap_or_default();
        let mark = if progress.finished { ", done" } else { "" };
        eprintln!("{} {}: {}{of}{mark}", progress.doing, progress.part, size(progress.done));
    })
}

/// Bytes as people read them.
#[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
