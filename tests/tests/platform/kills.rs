//! `kill -9` to each service, once, under load.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use crate::{load::Load, platform::Platform};

/// In the order of their dependence: whoever others wait for dies first.
const SERVICES: [&str; 7] = ["privacy", "identity", "learning", "payment", "communication", "analytics", "gateway"];
/// The load runs for so long between two deaths.
const BREATH: Duration = Duration::from_secs(2);

pub async fn each_once(platform: &Platform) -> Result<()> {
    let load = Load::begin(platform).await?;
    for service in SERVICES {
        sleep(BREATH).await;
        platform.process("kill", service).await?;
        // Others notice that it is away.
        sleep(Duration::from_millis(500)).await;
        platform.process("start", service).await.with_context(|| format!("{service} comes back"))?;
    }
    sleep(BREATH).await;
    let learners = load.end().await?;
    ensure!(learners > 0, "nobody was at work: it would prove nothing");
    println!("  {} deaths, {learners} learners, nothing lost and nothing doubled", SERVICES.len());
    Ok(())
}
