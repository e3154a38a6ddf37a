//! `kolsai run`.

use std::pin::pin;

use anyhow::Context;
use clap::Args;
use kolsai::{DEFAULTS, School};
use service::{Part, Settings, metrics, settings::GATEWAY, trace};

#[derive(Args)]
pub struct Run {
    /// The services of this process: gateway, identity, learning, payment, communication, analytics, privacy (with the keyring). None
    /// named: all of them.
    services: Vec<String>,
}

impl Run {
    /// Runs until Ctrl-C or SIGTERM, then drains.
    pub fn run(self) -> anyhow::Result<()> {
        let part = Part::of(&self.services)?;
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(serve(part))
    }
}

async fn serve(part: Part) -> anyhow::Result<()> {
    let settings = Settings::load(DEFAULTS)?.for_part(part);
    let tracing = trace::init_for(&settings.telemetry, &settings.part.called())?;
    let mut stop = pin!(stop_signal()?);
    let school = tokio::select! {
        begun = School::begin(settings.clone()) => begun?,
        () = &mut stop => return Ok(()),
    };
    // With the certificate of the first of them.
    let _metrics = metrics::listen(school.engines(), settings.part.called().first().unwrap_or(&GATEWAY)).await?;
    let stopped = tokio::select! {
        ready = school.until_ready() => {
            ready?;
            announce(&school, &settings);
            false
        }
        () = &mut stop => true,
    };
    if !stopped {
        stop.await;
    }
    tracing::info!("stopping: calls under way are finished first");
    school.stop().await;
    tracing.shutdown().await;
    Ok(())
}

/// The one ready line.
fn announce(school: &School, settings: &Settings) {
    if !settings.part.is_whole() {
        let own = settings.part.services().into_iter().filter_map(|name| Some(format!("{name} on {}", school.listens_at(name)?)));
        let gateway = school.address().map(|address| format!("{} on {address}", settings.url));
        say!("ready: {}", own.chain(gateway).collect::<Vec<_>>().join(" · "));
        return;
    }
    let mail = settings.mail.clone().unwrap_or_else(|| settings.data.join("mail").display().to_string());
    let demo = identity::DemoAccounts::path(&settings.data);
    let address = school.address().map(|address| address.to_string()).unwrap_or_default();
    say!("ready: {} · demo accounts: {} · mail: {mail} · listening on {address}", settings.url, demo.display());
}

/// Ctrl-C or SIGTERM.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be heard")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
