//! The platform as operators run it: separate processes on real engines, started by the scripts of `make up`, looked at from outside.
//!
//! It runs when `KOLSAI_PLATFORM` is set, and says that it was skipped when it is not: it starts twelve processes and takes some minutes.
//! Arguments choose chapters by the beginning of their names: `cargo test --workspace --test platform -- other`.
#![allow(clippy::print_stdout, reason = "this test has no harness: what it prints is its report")]

mod collector;
mod kills;
mod load;
mod other_teams;
mod page;
mod partner;
mod platform;
mod replicas;
mod revoked;
mod services;
mod story;
mod told;
mod traces;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use tokio::time::Instant;

use crate::{collector::Collector, platform::Platform};

/// In this order, on one platform.
const CHAPTERS: [&str; 8] = [
    "up: a second `make up` finds everything running",
    "story: `make story` is told to the platform, unchanged",
    "trace: one trace spans all services",
    "revoked: an ended session is refused by every service within a second",
    "other: what the page for other teams says is so",
    "replicas: two replicas of learning share the work",
    "rollout: a new replica comes, the old one goes, and no call fails",
    "kills: each service is killed under load, comes back, and nothing is lost or doubled",
];

#[tokio::main]
async fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if !asked_for() {
        println!(
            "skipped: the tests of the platform run when KOLSAI_PLATFORM is set (they start it as `make up` does, in a folder of their own)"
        );
        return ExitCode::SUCCESS;
    }
    // A second provider in the same process changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let told = tokio::select! {
        told = tell(&chosen) => told,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this program stands outside the school: its settings are its own")]
fn asked_for() -> bool {
    std::env::var("KOLSAI_PLATFORM").is_ok_and(|value| !value.is_empty())
}

async fn tell(chosen: &[String]) -> Result<()> {
    let began = Instant::now();
    let collector = Collector::prepare()?;
    let platform = Platform::up(&collector).await?;
    println!("the platform is up in {}", platform.data().display());
    let done = chapters(chosen, &platform, &collector).await;
    if done.is_err() {
        println!("{}", platform.last_words());
    }
    platform.down().await?;
    done?;
    println!("the platform holds: {} s", began.elapsed().as_secs());
    Ok(())
}

async fn chapters(chosen: &[String], platform: &Platform, collector: &Collector) -> Result<()> {
    for chapter in CHAPTERS {
        let name = chapter.split(':').next().unwrap_or_default();
        if !chosen.is_empty() && !chosen.iter().any(|start| name.starts_with(start.as_str())) {
            continue;
        }
        let began = Instant::now();
        let result = match name {
            "up" => platform.is_up_already().await,
            "story" => platform.tells_its_story().await,
            "trace" => traces::one_for_all(platform, collector).await,
            "revoked" => revoked::everywhere_within(platform, Duration::from_secs(1)).await,
            "other" => other_teams::as_the_page_says(platform).await,
            "replicas" => replicas::share(platform, collector).await,
            "rollout" => replicas::rollout(platform).await,
            _ => kills::each_once(platform).await,
        };
        println!("{} {chapter} ({:.1} s)", if result.is_ok() { "✓" } else { "✗" }, began.elapsed().as_secs_f64());
        result.map_err(|error| error.context(name))?;
    }
    Ok(())
}
