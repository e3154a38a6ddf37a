//! From the commit of an event to the commit of its effect in another service, at a thousand a second, over PostgreSQL and NATS.
//! `deploy/nats deploy/postgres cargo bench -p kolsai-events --bench nats`.
#![allow(clippy::disallowed_methods, reason = "it measures real time, reads its own switches and makes its own databases")]
#![allow(clippy::print_stdout, reason = "it prints figures")]

extern crate kolsai_events as events;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use contract::{Purpose, identity::v1::LinkIssued};
use events::{AnyBus, BusConfig, Reaction, ReactionError, Relay};
use foundation::{Clock, Mode, PersonId, uuid::Uuid};
use personal_data::{Db, DbOptions, PersonalData, Tx, schema};
use sea_orm::{ConnectionTrait, Database, entity::prelude::*};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tokio_util::sync::CancellationToken;

const A_SECOND: u32 = 1_000;
const SECONDS: u32 = 10;
/// At first connections are made and statements prepared.
const WARM_UP: u32 = 2;
const LIMIT_MS: f64 = 25.0;
/// Commits wait for the disk together: the more of them wait, the more are through at once.
const POOL: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(31);
const AT_ONCE: usize = 24;
/// Whom the events are about: known to both databases after the warm-up.
const PEOPLE: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "effect")]
#[personal(category = Communication, purposes(ServiceNotice), keep(after = relation_end, days = 1), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(owner)]
    pub person: PersonId,
}

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("bench_0001", || vec![schema::table("effect", "id").id("person")]));
        all
    }
}

/// Writes one row for each event.
struct Noting;

#[async_trait]
impl Reaction<LinkIssued> for Noting {
    const NAME: &'static str = "communication.note-on-link";
    const PURPOSE: Purpose = Purpose::ServiceNotice;

    async fn react_in_tx(&self, tx: &Tx, link: LinkIssued) -> Result<(), ReactionError> {
        let (person, id) = (link.person_id.parse(), link.link_id.parse());
        let (Ok(person), Ok(id)) = (person, id) else { return Err(ReactionError::Poisoned("no identifiers")) };
        Ok(tx.insert::<Entity>(Model { id, person }).await?)
    }
}

/// Remembers when the transaction around it was over.
struct Timed {
    inner: Arc<dyn events::Reactor>,
    done: Arc<Mutex<Vec<(Uuid, Instant)>>>,
}

#[async_trait]
impl events::Reactor for Timed {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn service(&self) -> &'static str {
        self.inner.service()
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn db(&self) -> &Db {
        self.inner.db()
    }

    async fn react(&self, envelope: &events::Envelope) -> events::Outcome {
        let outcome = self.inner.react(envelope).await;
        let link = envelope.open::<LinkIssued>().and_then(|link| link.link_id.parse().ok());
        if let (events::Outcome::Done, Some(id)) = (&outcome, link) {
            self.done.lock().unwrap_or_else(|e| e.into_inner()).push((id, Instant::now()));
        }
        outcome
    }
}

fn main() {
    let (Ok(nats), Ok(postgres)) = (std::env::var("KOLSAI_TEST_NATS"), std::env::var("KOLSAI_TEST_POSTGRES")) else {
        println!("event from commit to effect: not measured, KOLSAI_TEST_NATS and KOLSAI_TEST_POSTGRES name no servers");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(nats, postgres));
}

async fn database(base: &str, service: &'static str) -> Db {
    let name = format!("kolsai_bench_{service}_{}", Uuid::new_v4().simple());
    let base = base.trim_end_matches('/');
    let server = Database::connect(format!("{base}/postgres")).await.unwrap();
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    server.close().await.unwrap();
    let options = DbOptions { pool: POOL, ..Default::default() };
    Db::open_with::<Migrations>(&format!("{base}/{name}"), service, Clock::system(Mode::Development), &options).await.unwrap()
}

async fn measure(nats: String, postgres: String) {
    let (identity, communication) = (database(&postgres, "identity").await, database(&postgres, "communication").await);
    let config =
        BusConfig { name: format!("bench-{}", Uuid::new_v4().simple()), max_bytes: 256 << 20, at_once: AT_ONCE, ..BusConfig::new(nats) };
    // Two processes meet on the server alone; here each has a connection of its own.
    let (announcing, reacting) = (AnyBus::open(config.clone()).await.unwrap(), AnyBus::open(config).await.unwrap());
    let (done, until) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    reacting.subscribe(Arc::new(Timed { inner: events::reactor(&communication, Noting), done: done.clone() }));
    let relay = tokio::spawn(Relay::new(identity.clone(), Arc::new(announcing)).run(until.clone()));
    let (bus, stop) = (reacting.clone(), until.clone());
    let reactions = tokio::spawn(async move { bus.react("communication", stop).await.is_ok() });

    let committed = Arc::new(Mutex::new(Vec::new()));
    let mut announcers = tokio::task::JoinSet::new();
    let mut beat = tokio::time::interval(Duration::from_micros(1_000_000 / u64::from(A_SECOND)));
    let people: Vec<PersonId> = (0..PEOPLE).map(|_| PersonId::new_v4()).collect();
    for at in 0..(A_SECOND * (SECONDS + WARM_UP)) as usize {
        beat.tick().await;
        let (identity, committed, person) = (identity.clone(), committed.clone(), people[at % PEOPLE]);
        announcers.spawn(async move {
            let id = Uuid::now_v7();
            let tx = identity.begin("bench.issue-link").await.unwrap();
            let link = LinkIssued { person_id: person.to_string(), link_id: id.to_string(), kind: 1, version: 1 };
            events::announce_in_tx(&tx, link).await.unwrap();
            tx.commit().await.unwrap();
            committed.lock().unwrap().push((id, Instant::now()));
        });
    }
    while announcers.join_next().await.is_some() {}
    let all = (A_SECOND * (SECONDS + WARM_UP)) as usize;
    for _ in 0..600 {
        if done.lock().unwrap().len() >= all {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until.cancel();
    let _ = tokio::join!(relay, reactions);

    let begun: std::collections::HashMap<Uuid, Instant> = committed.lock().unwrap().iter().copied().collect();
    let warm = committed.lock().unwrap().iter().map(|(_, at)| *at).min().unwrap() + Duration::from_secs(u64::from(WARM_UP));
    let done = done.lock().unwrap();
    let mut took: Vec<Duration> = done
        .iter()
        .filter_map(|(id, at)| begun.get(id).filter(|begun| **begun >= warm).map(|begun| at.saturating_duration_since(*begun)))
        .collect();
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let line = |name: &str, value: f64, against: &str| println!("{name:<44} {value:>10.1} {:<8} {against}", "ms");
    println!("{} of {all} events had their effect, at {A_SECOND} a second", done.len());
    line("event from commit to effect, p50", at(0.5), "");
    line(
        "event from commit to effect, p99",
        at(0.99),
        &format!("limit {LIMIT_MS} ms: {}", if at(0.99) < LIMIT_MS { "kept" } else { "NOT kept" }),
    );
}
