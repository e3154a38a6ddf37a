//! Two processes of one service: they share the work, and one can go while the other comes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};

use crate::{
    collector::Collector,
    load,
    platform::Platform,
    story::{Outside, Person},
};

const SECOND: &str = "learning.2";
const PATIENCE: Duration = Duration::from_secs(60);
/// Readers at a time.
const READERS: usize = 4;

/// Both get calls, and both get events.
pub async fn share(platform: &Platform, collector: &Collector) -> Result<()> {
    platform.process("start", SECOND).await?;
    // A client's resolver and its pool have time to see it.
    sleep(Duration::from_secs(6)).await;
    collector.forget();
    let outside = platform.outside()?;
    let (stop, learner) = (Arc::new(AtomicBool::new(false)), outside.joins(Person::new("Arman", "Kairatov")).await?);
    let readers = readers(platform, &learner, &stop)?;
    let end = Instant::now() + PATIENCE;
    let shared = loop {
        let counted = collector.instances("learning");
        let total: usize = counted.iter().map(|(_, count)| count).sum();
        if let [_, (_, less), ..] = counted[..]
            && less * 10 >= total
        {
            break Ok(counted);
        }
        if Instant::now() > end {
            break Err(anyhow::anyhow!("one replica does nearly everything: {counted:?}"));
        }
        sleep(Duration::from_millis(500)).await;
    };
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await??;
    }
    println!("  spans by replica: {:?}", shared?.iter().map(|(_, count)| count).collect::<Vec<_>>());
    // Events, too: whoever is paid for is enrolled by one of the two, once.
    let load = load::Load::begin(platform).await?;
    sleep(Duration::from_secs(3)).await;
    load.end().await.map(drop)
}

/// Under readers who notice every failed call, the first process of learning is replaced.
pub async fn rollout(platform: &Platform) -> Result<()> {
    platform.process("start", SECOND).await?;
    sleep(Duration::from_secs(6)).await;
    let outside = platform.outside()?;
    let (stop, learner) = (Arc::new(AtomicBool::new(false)), outside.joins(Person::new("Dinara", "Bolatova")).await?);
    let readers = readers(platform, &learner, &stop)?;
    let rolled = async {
        sleep(Duration::from_secs(1)).await;
        platform.process("stop", "learning").await?;
        sleep(Duration::from_secs(2)).await;
        platform.process("start", "learning").await?;
        sleep(Duration::from_secs(6)).await;
        platform.process("stop", SECOND).await?;
        sleep(Duration::from_secs(2)).await;
        still_reads(&outside, &learner).await
    };
    let rolled = rolled.await;
    stop.store(true, Ordering::SeqCst);
    let mut calls = 0;
    for reader in readers {
        calls += reader.await?.context("during the rollout")?;
    }
    rolled?;
    ensure!(calls > 100, "only {calls} calls were made: it would prove little");
    println!("  {calls} calls, none failed");
    Ok(())
}

fn readers(platform: &Platform, learner: &Person, stop: &Arc<AtomicBool>) -> Result<Vec<tokio::task::JoinHandle<Result<usize>>>> {
    let read = |_| {
        let (client, path) = (platform.client()?, "/v1/me/enrolments?language=en".to_owned());
        Ok(tokio::spawn(load::reads(client, path, learner.token.clone(), stop.clone())))
    };
    (0..READERS).map(read).collect()
}

async fn still_reads(outside: &Outside, learner: &Person) -> Result<()> {
    outside.get("/v1/me/enrolments?language=en").by(learner).ok().await?;
    Ok(())
}
