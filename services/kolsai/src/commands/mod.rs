//! The commands, each with an example.

use std::{fmt::Arguments, io::Write};

/// One line of a command's answer. Whoever reads may stop reading (`kolsai backup list | head -n 1`): what is being done goes on.
macro_rules! say {
    ($($text:tt)*) => { $crate::commands::say(format_args!("{}\n", format_args!($($text)*))) };
}

mod audit;
mod backup;
mod certificates;
mod clock;
mod copy;
mod data_map;
mod events;
mod health;
mod keys;
mod migrate;
mod receipt;
mod restore;
mod retention;
mod run;
mod sandbox_partner;
mod sandbox_s3;
mod status;

use clap::{Parser, Subcommand};

/// The platform of the school of landscape photography.
#[derive(Parser)]
#[command(name = "kolsai", version, arg_required_else_help = true)]
pub struct Kolsai {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the school in this process, or some of its services.   Example: `KOLSAI_DATA=./data kolsai run`, `kolsai run identity`
    Run(run::Run),
    /// Ask a running process how it is; ends with an error when it is not well.   Example: `kolsai health identity --ready`
    Health(health::Health),
    /// Make certificates for services, engines and clients of a school on one machine.   Example: `kolsai certificates ./certificates`
    Certificates(certificates::Certificates),
    /// Run the sandbox payment partner as a process of its own (development).   Example: `kolsai sandbox-partner --listen 127.0.0.1:8444`
    SandboxPartner(sandbox_partner::SandboxPartner),
    /// Run the sandbox object store as a process of its own, S3 over TLS (development).   Example: `kolsai sandbox-s3 --listen 127.0.0.1:9000 --folder ./s3 --certificate tls.crt --key tls.key`
    SandboxS3(sandbox_s3::SandboxS3),
    /// Take a backup; list, prune, drill, make keys.   Example: `kolsai backup list`
    Backup(backup::Backup),
    /// Restore a backup where nothing is.   Example: `kolsai restore --identity data.key --keyring-identity keyring.key`
    Restore(restore::Restore),
    /// Check or write out the access logs.   Example: `kolsai audit export --to today.jsonl`, `kolsai audit verify --from today.jsonl --key "$KEY"`
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Wrap the keys of people anew, or say what wraps them.   Example: `KOLSAI_DATA=./data kolsai keys rotate`
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Bring the databases up to date in the role that owns them, and give each service's role what it needs.   Example: `kolsai migrate identity`
    Migrate(migrate::Migrate),
    /// Compute when a term ends.   Example: `kolsai clock due --received 2026-03-19 --working-days 3 --regime kz`
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Check a copy of somebody's data offline.   Example: `kolsai copy verify copy.zip --key "$KEY"`
    #[command(subcommand)]
    Copy(copy::Copy),
    /// Print what the school holds about people, out of its code.   Example: `kolsai data-map --format record --language en`
    DataMap(data_map::DataMap),
    /// What events wait, and where; give back what was set aside.   Example: `kolsai events parked`, `kolsai events replay learning`, `kolsai events lag`
    #[command(subcommand)]
    Events(events::Events),
    /// Say what has outlived its term.   Example: `KOLSAI_DATA=./data kolsai retention --dry-run`
    Retention(retention::Retention),
    /// Show on one screen how the school is: services, engines, what waits, clocks, backups.   Example: `KOLSAI_DATA=./data kolsai status`
    Status(status::Status),
    /// Check an erasure receipt offline.   Example: `kolsai receipt verify receipt.json --key "$KEY"`
    #[command(subcommand)]
    Receipt(receipt::Receipt),
}

impl Kolsai {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Run(run) => run.run(),
            Command::Health(health) => health.run(),
            Command::Certificates(certificates) => certificates.run(),
            Command::SandboxPartner(partner) => partner.run(),
            Command::SandboxS3(sandbox) => sandbox.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Audit(audit) => audit.run(),
            Command::Keys(keys) => keys.run(),
            Command::Migrate(migrate) => migrate.run(),
            Command::Clock(clock) => clock.run(),
            Command::Copy(copy) => copy.run(),
            Command::DataMap(map) => map.run(),
            Command::Events(events) => events.run(),
            Command::Retention(retention) => retention.run(),
            Command::Status(status) => status.run(),
            Command::Receipt(receipt) => receipt.run(),
        }
    }
}

fn say(text: Arguments<'_>) {
    if let Err(error) = std::io::stdout().write_fmt(text)
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        tracing::error!(%error, "the answer cannot be written");
    }
}
