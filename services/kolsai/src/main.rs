//! `kolsai`: the school, and the operator's commands.

mod commands;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    // Before any TLS: exactly one provider of cryptography in this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    commands::Kolsai::parse().run()
}
