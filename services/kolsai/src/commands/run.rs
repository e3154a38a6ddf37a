//! `kolsai run`.

use anyhow::Context;
use kolsai::{DEFAULTS, School};
use service::{Settings, trace};

/// Runs until Ctrl-C or SIGTERM, then drains.
pub fn run() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?.block_on(serve())
}

async fn serve() -> anyhow::Result<()> {
    let settings = Settings::load(DEFAULTS)?;
    let tracing = trace::init(&settings.telemetry)?;
    let stop = stop_signal()?;
    let school = School::start(settings.clone()).await?;
    announce(&school, &settings);
    stop.await;
    tracing::info!("stopping: calls under way are finished first");
    school.stop().await;
    tracing.shutdown().await;
    Ok(())
}

/// The one ready line.
fn announce(school: &School, settings: &Settings) {
    let mail = settings.mail.clone().unwrap_or_else(|| settings.data.join("mail").display().to_string());
    let demo = identity::DemoAccounts::path(&settings.data);
    say!("ready: {} · demo accounts: {} · mail: {mail} · listening on {}", settings.url, demo.display(), school.address());
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
