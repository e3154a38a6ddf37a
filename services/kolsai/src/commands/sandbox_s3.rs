//! `kolsai sandbox-s3`.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use foundation::Mode;
use kolsai::DEFAULTS;
use objects::{Sandbox, SandboxConfig};
use service::{Settings, trace};

use super::run::stop_signal;

/// Takes the key and secret of `KOLSAI__OBJECTS__ADDRESS`, as the services have it.
#[derive(Args)]
pub struct SandboxS3 {
    /// Loopback; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Where the objects are kept.
    #[arg(long)]
    folder: PathBuf,
    /// Its certificate and key, in PEM.
    #[arg(long)]
    certificate: PathBuf,
    #[arg(long)]
    key: PathBuf,
}

impl SandboxS3 {
    pub fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        if settings.mode == Mode::Production {
            bail!("the sandbox object store is for development: name an S3 of your own at KOLSAI__OBJECTS__ADDRESS");
        }
        let Some(address) = &settings.objects.address else {
            bail!("KOLSAI__OBJECTS__ADDRESS says which key and secret the store takes: `s3+https://key:secret@localhost:9000/kolsai`");
        };
        let tracing = trace::init(&settings.telemetry)?;
        let stop = stop_signal()?;
        let address = address.parse()?;
        let config = SandboxConfig { listen: self.listen, folder: self.folder, address, certificate: self.certificate, key: self.key };
        let sandbox = Sandbox::start(config)?;
        say!("ready: https://{}", sandbox.address());
        stop.await;
        drop(sandbox);
        tracing.shutdown().await;
        Ok(())
    }
}
