//! `kolsai sandbox-partner`.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Args;
use foundation::Clock;
use kolsai::DEFAULTS;
use payment::sandbox;
use service::{Settings, trace};

use super::run::stop_signal;

#[derive(Args)]
pub struct SandboxPartner {
    /// Loopback; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8444")]
    listen: SocketAddr,
    /// The authority of the school's certificate, in PEM; the development authority in the data folder when absent.
    #[arg(long)]
    trusted_ca: Option<PathBuf>,
}

impl SandboxPartner {
    pub fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        let settings = Settings::load(DEFAULTS)?;
        let tracing = trace::init(&settings.telemetry)?;
        let stop = stop_signal()?;
        let config: payment::Config = settings.section("payment")?;
        let authority = || settings.data.join("certificates").join("dev-ca.pem");
        std::fs::create_dir_all(&settings.data).context("the data folder cannot be made")?;
        let file = sandbox::file_in(&settings.data);
        let own = sandbox::Config {
            listen: self.listen,
            // The school's gateway has the certificate, and passes its page on.
            url: Some(config.sandbox_url.unwrap_or_else(|| sandbox::page_base(&settings.url))),
            merchant: config.merchant,
            merchant_key: config.merchant_key,
            notification_key: config.notification_key,
            trusted_ca: Some(self.trusted_ca.unwrap_or_else(authority)),
            clock: Clock::system(settings.mode),
            mode: settings.mode,
        };
        let sandbox = sandbox::serve_kept(own, file).await?;
        say!("ready: {}", sandbox.url());
        stop.await;
        sandbox.stop().await;
        tracing.shutdown().await;
        Ok(())
    }
}
