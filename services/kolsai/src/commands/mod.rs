//! The commands, each with an example.

mod clock;
mod receipt;
mod run;
mod sandbox_partner;

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
    /// Run the whole school in this process.   Example: `KOLSAI_DATA=./data kolsai run`
    Run,
    /// Run the sandbox payment partner as a process of its own (development).   Example: `kolsai sandbox-partner --listen 127.0.0.1:8444`
    SandboxPartner(sandbox_partner::SandboxPartner),
    /// Compute when a term ends.   Example: `kolsai clock due --received 2026-03-19 --working-days 3 --regime kz`
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Check an erasure receipt offline.   Example: `kolsai receipt verify receipt.json --key "$KEY"`
    #[command(subcommand)]
    Receipt(receipt::Receipt),
}

impl Kolsai {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Run => run::run(),
            Command::SandboxPartner(partner) => partner.run(),
            Command::Clock(clock) => clock.run(),
            Command::Receipt(receipt) => receipt.run(),
        }
    }
}
