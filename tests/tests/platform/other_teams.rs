//! A client of another team, with an identity of its own: the page `deploy/other-teams.md`, run.

use std::{os::unix::fs::symlink, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use async_nats::{
    ConnectOptions,
    jetstream::{self, consumer::pull},
};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    page, partner,
    platform::{Platform, root},
};

/// What the commands of the page must have said, in this order.
const SAID: [&str; 4] = [
    // The method that it may call.
    "TIME_IN_LESSONS",
    // The one that it may not.
    "permission_denied",
    // The first in Python, and the event.
    "answered with 3 trends",
    "heard learning",
];

pub async fn as_the_page_says(platform: &Platform) -> Result<()> {
    let text = std::fs::read_to_string(root().join("deploy/other-teams.md"))?;
    let said = run(platform, &text).await?;
    let mut rest = said.as_str();
    for wanted in SAID {
        let (_, after) =
            rest.split_once(wanted).with_context(|| format!("the commands of the page were to say `{wanted}` here:\n{said}"))?;
        rest = after;
    }
    in_rust(platform, &text).await?;
    nothing_else(platform, &said).await
}

/// Runs every command of the page in one shell, in a folder that looks like the repository's; the programs of the page lie there.
async fn run(platform: &Platform, text: &str) -> Result<String> {
    let folder = TempDir::new()?;
    for name in ["deploy", "proto", "target", "buf.yaml"] {
        symlink(root().join(name), folder.path().join(name))?;
    }
    for program in page::blocks(text, "python") {
        // Its first line says what it is called.
        let name = program.trim_start_matches('"').split(':').next().unwrap_or_default().to_owned();
        ensure!(name.ends_with(".py"), "a program of the page says its name in its first line: {name}");
        std::fs::write(folder.path().join(name), &program)?;
    }
    let script = format!("set -euo pipefail\nexec 2>&1\n{}", page::blocks(text, "sh").join("\n"));
    let mut shell = platform.command(Path::new("bash"));
    let output = shell.args(["-c", &script]).current_dir(folder.path()).stdin(Stdio::null()).output().await?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the commands of the page ({}):\n{said}", output.status);
    Ok(said)
}

/// The page shows a program in Rust: it is this test's own.
async fn in_rust(platform: &Platform, text: &str) -> Result<()> {
    let shown = page::blocks(text, "rust").concat();
    ensure!(shown == include_str!("partner.rs"), "the page shows partner.rs as it is");
    let certificates = platform.path("certificates/partner-report");
    let address = |service: &str| Ok::<_, anyhow::Error>(format!("https://localhost:{}", platform.port(&format!("peer-{service}"))?));
    let trends = partner::trends(&certificates, &address("analytics")?).await?;
    ensure!(trends > 0, "there are published trends");
    let refused = partner::somebody(&certificates, &address("identity")?).await;
    let refused = refused.err().context("a method for others is refused")?;
    ensure!(is_typed(&refused), "the refusal has a reason: {refused:?}");
    Ok(())
}

fn is_typed(status: &Status) -> bool {
    status.code() == Code::PermissionDenied
        && status.get_details_error_info().is_some_and(|info| info.domain == "kolsai" && !info.reason.is_empty())
}

/// The bus gives the team nothing but its event: no other one, and nothing that it could announce.
async fn nothing_else(platform: &Platform, said: &str) -> Result<()> {
    ensure!(!said.contains('@'), "no address of anybody is in what a team is told:\n{said}");
    let password = std::fs::read_to_string(platform.path("secrets/nats-partner-report"))?;
    let bus = ConnectOptions::with_user_and_password("partner-report".into(), password)
        .add_root_certificates(platform.path("certificates/partner-report/ca.crt"))
        .custom_inbox_prefix("_INBOX_partner-report")
        .request_timeout(Some(Duration::from_secs(2)))
        .connect(format!("tls://localhost:{}", platform.port("nats")?))
        .await?;
    let context = jetstream::new(bus);
    let consumer = |event: &str| pull::Config {
        durable_name: Some("partner-report".into()),
        filter_subject: format!("kolsai.events.{event}"),
        ..Default::default()
    };
    context.create_consumer_on_stream(consumer("learning.FactsReleased"), "kolsai").await.context("its own event is heard")?;
    let another = context.create_consumer_on_stream(consumer("identity.LinkIssued"), "kolsai").await;
    ensure!(another.is_err(), "another event is not heard");
    let announced = async { context.publish("kolsai.events.learning.FactsReleased", "x".into()).await?.await };
    ensure!(announced.await.is_err(), "a team announces nothing under the name of a service");
    Ok(())
}
