//! Over a real nats-server with JetStream.

mod delivery;
mod outages;
mod server;
mod strangers;
mod streams;

use std::{io::Write, sync::Once, time::Duration};

use events::{AnyBus, BusConfig, Reactor, Relay};
use foundation::uuid::Uuid;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    engines::{Engine, until},
    stage::{Asked, Migrations, Noting, Stage},
};

/// Where a nats-server with JetStream is, and the program of one: `deploy/nats` sets both.
const NATS: &str = "KOLSAI_TEST_NATS";
const SERVER: &str = "KOLSAI_TEST_NATS_SERVER";

/// None, and a word about it, when it is not set.
fn named(variable: &'static str) -> Option<String> {
    static SAID: Once = Once::new();
    let value = std::env::var(variable).ok();
    if value.is_none() {
        // Past the capture of the test harness: this must be seen.
        SAID.call_once(|| drop(writeln!(std::io::stderr(), "{variable} is not set: nothing is tested over NATS")));
    }
    value
}

/// A stream of its own on the server of this run.
fn on_the_server() -> Option<BusConfig> {
    named(NATS).map(a_stream_at)
}

/// A stream of its own, small and quick to give up on a silent reaction.
fn a_stream_at(address: String) -> BusConfig {
    BusConfig {
        name: format!("it-{}", Uuid::new_v4().simple()),
        max_bytes: 8 << 20,
        ack_wait: Duration::from_secs(2),
        patience: Duration::from_secs(1),
        ..BusConfig::new(address)
    }
}

/// Identity and communication as one process of several: a relay for the one, reactions of the other.
struct Replica {
    bus: AnyBus,
    asked: Arc<Asked>,
    until: CancellationToken,
    tasks: JoinSet<()>,
}

impl Replica {
    async fn of(stage: &Stage, engine: &Engine, config: &BusConfig) -> Self {
        let communication = engine.database::<Migrations>("communication").await;
        Self::with(stage, engine, config, events::reactor(&communication, Noting(stage.script.clone()))).await
    }

    async fn with(_: &Stage, engine: &Engine, config: &BusConfig, reactor: Arc<dyn Reactor>) -> Self {
        let identity = engine.database::<Migrations>("identity").await;
        let bus = AnyBus::open(config.clone()).await.unwrap();
        let asked = Asked::of(reactor);
        bus.subscribe(asked.clone());
        let (until, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(Relay::new(identity, Arc::new(bus.clone())).run(until.clone()));
        let (reacting, stop) = (bus.clone(), until.clone());
        tasks.spawn(async move { reacting.react("communication", stop).await.unwrap() });
        Self { bus, asked, until, tasks }
    }

    /// As a process that is told to stop.
    async fn stops(mut self) {
        self.until.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.bus.close().await;
    }

    /// As a process that is killed: nothing is finished and nothing is said.
    async fn dies(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Until so many effects are there, each with its announcement, and a little longer: none may be had twice.
async fn effects(stage: &Stage, expected: i64) {
    until(&format!("{expected} effects are there"), async || stage.effects().await >= expected).await;
    until("all of it is published", async || stage.outbox().await.iter().all(|row| row.published_at.is_some())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.effects_and_announcements().await, (expected, expected));
    let distinct = crate::engines::number(&stage.communication, "SELECT count(DISTINCT link_id) FROM effect").await;
    assert_eq!(distinct, expected, "an effect was had twice and another never");
}

/// A client beside the school's own.
async fn a_stranger(config: &BusConfig) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(&config.address).await.unwrap())
}
