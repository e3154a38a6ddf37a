//! From one process to another: once in effect, shared by replicas, held and dropped as a person's state says.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use contract::{Purpose, identity::v1::LinkIssued};
use events::{Envelope, Outcome, Reaction, ReactionError, Reactor, parked};
use foundation::PersonId;
use personal_data::{
    Db, Tx,
    person_state::{self, State},
};
use tokio::time::Instant;

use super::{Replica, a_stranger, effects, on_the_server};
use crate::{
    engines::{Engine, number, on_both_engines, until},
    stage::{Migrations, Noting, Stage, a_link_to, envelope_of},
};

on_both_engines!(
    what_is_announced_has_its_effect_in_another_process,
    two_replicas_share_the_work,
    doubled_and_reordered_it_has_its_effect_once,
    what_is_early_comes_again_and_holds_up_nobody,
    of_the_erased_it_is_dropped_and_of_the_restricted_held,
    long_work_is_not_given_to_another,
    who_stops_finishes_what_is_in_hand_and_gives_the_rest_back,
    what_is_not_read_yet_shows_as_lag,
);

async fn what_is_announced_has_its_effect_in_another_process(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    for _ in 0..20 {
        stage.issues_a_link().await;
    }
    effects(&stage, 20).await;
    assert_eq!(replica.asked.times(), 20);
    assert!(stage.deliveries().await.is_empty(), "the bus itself remembers who has what");

    let stream = a_stranger(&config).await.get_stream(&config.name).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 20);
    let first = stream.get_raw_message(1).await.unwrap();
    assert_eq!(first.subject.as_str(), format!("{}.events.identity.LinkIssued", config.name));
    let header = |name: &str| first.headers.get(name).map(|value| value.to_string()).unwrap_or_default();
    let row = stage.outbox().await.into_iter().find(|row| row.id.to_string() == header("ce-id")).unwrap();
    assert_eq!(
        (header("Nats-Msg-Id"), header("ce-specversion"), header("ce-source")),
        (row.id.to_string(), "1.0".into(), "identity".into())
    );
    assert_eq!((header("ce-type"), header("ce-time")), ("kolsai.identity.v1.LinkIssued".into(), row.at.to_string()));
    assert_eq!((header("content-type"), first.payload.to_vec()), ("application/protobuf".into(), row.payload));
    replica.stops().await;
}

async fn two_replicas_share_the_work(engine: Engine) {
    const EVENTS: i64 = 120;
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let (one, other) = (Replica::of(&stage, &engine, &config).await, Replica::of(&stage, &engine, &config).await);
    for _ in 0..EVENTS {
        stage.issues_a_link().await;
    }
    effects(&stage, EVENTS).await;
    let asked = (one.asked.times() as i64, other.asked.times() as i64);
    assert!(asked.0 > 0 && asked.1 > 0 && asked.0 + asked.1 == EVENTS, "{asked:?}");
    one.stops().await;
    other.stops().await;
}

async fn doubled_and_reordered_it_has_its_effect_once(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    let person = PersonId::new_v4();
    let envelopes: Vec<Envelope> = (0..10).map(|_| envelope_of(&a_link_to(person))).collect();
    let stranger = a_stranger(&config).await;
    // Past the server's own memory of what it has: each time under another name of the message, in another order.
    for round in 0..4_usize {
        for at in 0..envelopes.len() {
            let envelope = &envelopes[(at * 7 + round * 3) % envelopes.len()];
            super::strangers::publish(&stranger, &config, envelope, &[("Nats-Msg-Id", &format!("{round}-{}", envelope.id))]).await;
        }
    }
    until("everything was asked for", async || replica.asked.times() == 40).await;
    effects(&stage, 10).await;
    replica.stops().await;
}

async fn what_is_early_comes_again_and_holds_up_nobody(engine: Engine) {
    use crate::stage::Fault;
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    // Many that fail for a while, before one that does not.
    for _ in 0..30 {
        let link = a_link_to(PersonId::new_v4());
        stage.fails(&link, [Fault::Early, Fault::EarlyAfterTheEffect, Fault::Early]);
        let tx = stage.identity.begin("test.issue-link").await.unwrap();
        events::announce_in_tx(&tx, link).await.unwrap();
        tx.commit().await.unwrap();
    }
    let replica = Replica::of(&stage, &engine, &config).await;
    stage.issues_a_link().await;
    effects(&stage, 31).await;
    assert_eq!(replica.asked.times(), 30 * 4 + 1);
    assert!(stage.parked().await.is_empty());
    replica.stops().await;
}

async fn becomes(db: &Db, person: PersonId, state: State, seen: i64) {
    let tx = db.begin("test.state").await.unwrap();
    assert!(person_state::apply_in_tx(&tx, person, state, 0, seen).await.unwrap());
    tx.commit().await.unwrap();
}

async fn of_the_erased_it_is_dropped_and_of_the_restricted_held(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let (erased, restricted) = (PersonId::new_v4(), PersonId::new_v4());
    becomes(&stage.communication, erased, State::Erased, 1).await;
    becomes(&stage.communication, restricted, State::Restricted, 1).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    stage.issues_a_link_to(erased).await;
    stage.issues_a_link_to(restricted).await;
    stage.issues_a_link().await;
    until("all three were seen", async || replica.asked.times() == 3).await;
    effects(&stage, 1).await;
    let held = stage.parked().await;
    assert_eq!((held.len(), held[0].reason.as_str()), (1, parked::HELD));

    becomes(&stage.communication, restricted, State::Active, 2).await;
    let reactors: [Arc<dyn Reactor>; 1] = [replica.asked.clone()];
    // The stage's wrapper hides whom an event is about: the row is given back by its own reactor.
    let own: [Arc<dyn Reactor>; 1] = [events::reactor(&stage.communication, Noting(stage.script.clone()))];
    assert_eq!(parked::replay_held(&stage.communication, &own).await.unwrap(), 1);
    assert_eq!(parked::replay_held(&stage.communication, &reactors).await.unwrap(), 0);
    effects(&stage, 2).await;
    assert_eq!(number(&stage.communication, "SELECT count(*) FROM inbox").await, 3, "what was dropped is known too");
    replica.stops().await;
}

/// A reaction that takes its time.
struct Slow(Duration, Noting);

#[async_trait]
impl Reaction<LinkIssued> for Slow {
    const NAME: &'static str = "communication.note-slowly-on-link";
    const PURPOSE: Purpose = Purpose::ServiceNotice;

    async fn react_in_tx(&self, tx: &Tx, link: LinkIssued) -> Result<(), ReactionError> {
        tokio::time::sleep(self.0).await;
        self.1.react_in_tx(tx, link).await
    }
}

async fn slow(stage: &Stage, engine: &Engine, takes: u64) -> Arc<dyn Reactor> {
    let communication = engine.database::<Migrations>("communication").await;
    events::reactor(&communication, Slow(Duration::from_millis(takes), Noting(stage.script.clone())))
}

async fn long_work_is_not_given_to_another(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let (one, other) = (
        Replica::with(&stage, &engine, &config, slow(&stage, &engine, 5_000).await).await,
        Replica::with(&stage, &engine, &config, slow(&stage, &engine, 5_000).await).await,
    );
    stage.issues_a_link().await;
    effects(&stage, 1).await;
    assert_eq!(one.asked.times() + other.asked.times(), 1, "it took longer than one may be silent, and was not silent");
    one.stops().await;
    other.stops().await;
}

async fn who_stops_finishes_what_is_in_hand_and_gives_the_rest_back(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    // Whoever left anything behind would be waited for for an hour.
    let config = events::BusConfig { ack_wait: Duration::from_secs(3_600), ..config };
    let stage = Stage::on(&engine).await;
    let first = Replica::with(&stage, &engine, &config, slow(&stage, &engine, 100).await).await;
    for _ in 0..40 {
        stage.issues_a_link().await;
    }
    until("it is at work", async || first.asked.times() > 3).await;
    let begun = Instant::now();
    let asked = first.asked.clone();
    first.stops().await;
    assert!(begun.elapsed() < Duration::from_secs(20), "it takes nothing more");
    assert_eq!(stage.effects().await, asked.times() as i64, "what it took, it finished");
    let second = Replica::with(&stage, &engine, &config, slow(&stage, &engine, 0).await).await;
    effects(&stage, 40).await;
    second.stops().await;
}

async fn what_is_not_read_yet_shows_as_lag(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    stage.issues_a_link().await;
    effects(&stage, 1).await;
    let bus = replica.bus.clone();
    let lag = bus.lag().await.unwrap();
    assert_eq!((lag.len(), lag[0].consumer.as_str(), lag[0].events()), (1, "communication_note-on-link", 0), "{lag:?}");
    replica.stops().await;

    let before = stage.identity.clock().now();
    let envelope = envelope_of(&a_link_to(PersonId::new_v4()));
    let stranger = a_stranger(&config).await;
    super::strangers::publish(&stranger, &config, &envelope, &[]).await;
    let lag = &bus.lag().await.unwrap()[0];
    assert_eq!((lag.waiting, lag.in_hand), (1, 0));
    assert!(lag.oldest.is_some_and(|at| at.plus(Duration::from_secs(5)) > before), "{lag:?}");
    assert_eq!(stage.noting.react(&envelope).await, Outcome::Done);
}
