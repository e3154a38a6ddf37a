//! Whatever is doubled, reordered or broken off: each effect is had exactly once.

use std::time::Duration;

use events::{Bus, Envelope, Manner, Outcome, Reactor, Relay};
use foundation::PersonId;
use futures::future::join_all;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use tokio_util::sync::CancellationToken;

use crate::{
    engines::{Engine, number, on_both_engines, rows, until},
    stage::{Fault, Migrations, Stage, a_link_to, envelope_of},
};

on_both_engines!(
    doubled_reordered_and_failing_events_have_their_effect_once,
    one_event_at_once_from_everywhere_has_one_effect,
    two_relays_over_one_outbox_ask_once,
    a_crash_after_the_effect_and_before_the_note_repeats_nothing,
    what_a_dead_relay_leased_is_taken_up_when_its_lease_ends,
    a_batch_larger_than_one_round_is_finished,
);

/// Each event two or three times in any order, with faults for some: the order and the faults of one run.
fn a_run(events: usize) -> impl Strategy<Value = (Vec<usize>, Vec<Vec<Fault>>)> {
    let fault = prop_oneof![Just(Fault::Early), Just(Fault::EarlyAfterTheEffect)];
    let order = prop::collection::vec(2_usize..4, events)
        .prop_map(|copies| copies.iter().enumerate().flat_map(|(at, copies)| vec![at; *copies]).collect::<Vec<_>>())
        .prop_shuffle();
    (order, prop::collection::vec(prop::collection::vec(fault, 0..3), events))
}

async fn doubled_reordered_and_failing_events_have_their_effect_once(engine: Engine) {
    const EVENTS: usize = 24;
    let stage = Stage::on(&engine).await;
    let mut runner = TestRunner::deterministic();
    for run in 1..=4 {
        let (order, faults) = a_run(EVENTS).new_tree(&mut runner).unwrap().current();
        // Few people, so that events about the same one meet.
        let people: Vec<_> = (0..4).map(|_| PersonId::new_v4()).collect();
        let links: Vec<_> = (0..EVENTS).map(|at| a_link_to(people[at % people.len()])).collect();
        let envelopes: Vec<_> = links.iter().map(envelope_of).collect();
        for (link, faults) in links.iter().zip(faults) {
            stage.fails(link, faults);
        }
        let delivered = join_all(order.chunks(order.len().div_ceil(8)).map(|part| {
            let (noting, part) = (stage.noting.clone(), part.iter().map(|at| envelopes[*at].clone()).collect::<Vec<_>>());
            tokio::spawn(async move {
                let mut done = 0;
                for envelope in part {
                    loop {
                        match noting.react(&envelope).await {
                            Outcome::Done => done += 1,
                            Outcome::Repeated => {}
                            Outcome::Later(_) => continue,
                            other => panic!("{other:?}"),
                        }
                        break;
                    }
                }
                done
            })
        }))
        .await;
        let done: usize = delivered.into_iter().map(Result::unwrap).sum();
        assert_eq!(done, EVENTS, "{order:?}");
        let so_far = (run * EVENTS) as i64;
        assert_eq!(stage.effects_and_announcements().await, (so_far, so_far));
        assert_eq!(number(&stage.communication, "SELECT count(DISTINCT link_id) FROM effect").await, so_far);
        assert_eq!(number(&stage.communication, "SELECT count(*) FROM inbox").await, so_far);
    }
}

async fn one_event_at_once_from_everywhere_has_one_effect(engine: Engine) {
    let stage = Stage::on(&engine).await;
    // As a second replica of the service would: its own pool over the same database.
    let replica = engine.database::<Migrations>("communication").await;
    let replica = events::reactor(&replica, crate::stage::Noting(Default::default()));
    for _ in 0..5 {
        let envelope = envelope_of(&a_link_to(PersonId::new_v4()));
        let outcomes = join_all((0..12).map(|at| {
            let (reactor, envelope): (std::sync::Arc<dyn Reactor>, Envelope) =
                (if at % 2 == 0 { stage.noting.clone() } else { replica.clone() }, envelope.clone());
            tokio::spawn(async move { reactor.react(&envelope).await })
        }))
        .await;
        let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done | Outcome::Repeated)), "{outcomes:?}");
    }
    assert_eq!(stage.effects_and_announcements().await, (5, 5));
}

/// A bus that is not of one process, as far as a relay can tell.
struct Shared(events::InProcessBus);

#[async_trait::async_trait]
impl Bus for Shared {
    async fn publish(&self, outbox: &personal_data::Db, envelope: &Envelope, attempts: i64) -> Result<(), events::Undelivered> {
        self.0.publish(outbox, envelope, attempts).await
    }

    fn manner(&self) -> Manner {
        Manner { shared: true, ..Manner::IN_PROCESS }
    }
}

async fn two_relays_over_one_outbox_ask_once(engine: Engine) {
    const EVENTS: i64 = 40;
    let stage = Stage::on(&engine).await;
    for _ in 0..EVENTS {
        stage.issues_a_link().await;
    }
    let replica = engine.database::<Migrations>("identity").await;
    let cancelled = CancellationToken::new();
    let relay = |db| Relay::new(db, std::sync::Arc::new(Shared(stage.bus.clone())));
    let relays = [relay(stage.identity.clone()), relay(replica)];
    let running = relays.map(|relay| tokio::spawn(relay.run(cancelled.clone())));
    until("all is published", async || stage.outbox().await.iter().all(|row| row.published_at.is_some())).await;
    cancelled.cancel();
    for relay in running {
        relay.await.unwrap();
    }
    assert_eq!(stage.effects_and_announcements().await, (EVENTS, EVENTS));
    assert_eq!(stage.noting.times() as i64, EVENTS, "the lease lets one relay at an event");
    assert_eq!(stage.deliveries().await.len() as i64, EVENTS);
}

async fn a_crash_after_the_effect_and_before_the_note_repeats_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let envelope = envelope_of(&stage.issues_a_link().await);

    // The effect is had, the bus has noted it, the relay has not: it publishes again.
    stage.bus.publish(&stage.identity, &envelope, 0).await.unwrap();
    stage.bus.publish(&stage.identity, &envelope, 0).await.unwrap();
    assert_eq!((stage.noting.times(), stage.effects().await), (1, 1));

    // The effect is had, and not even the bus has noted it.
    sea_orm::ConnectionTrait::execute_unprepared(&stage.identity, "DELETE FROM delivery").await.unwrap();
    stage.bus.publish(&stage.identity, &envelope, 0).await.unwrap();
    assert_eq!((stage.noting.times(), stage.effects_and_announcements().await), (2, (1, 1)));
    assert_eq!(stage.deliveries().await, [("communication.note-on-link".to_owned(), "repeated".to_owned())]);
}

async fn what_a_dead_relay_leased_is_taken_up_when_its_lease_ends(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.issues_a_link().await;
    // A relay that leased the event and died: due after the lease, a version further.
    let until = engine.clock.now().plus(events::rules::LEASE).micros();
    let sql = format!("UPDATE outbox SET due_at = {until}, version = version + 1");
    sea_orm::ConnectionTrait::execute_unprepared(&stage.identity, &sql).await.unwrap();

    assert_eq!(stage.publish().await, 0);
    engine.clock.advance(events::rules::LEASE + Duration::from_secs(1));
    assert_eq!(stage.publish().await, 1);
    assert_eq!(stage.effects_and_announcements().await, (1, 1));
}

async fn a_batch_larger_than_one_round_is_finished(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let tx = stage.identity.begin("test.many").await.unwrap();
    for _ in 0..150 {
        events::announce_in_tx(&tx, a_link_to(PersonId::new_v4())).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut taken = 0;
    loop {
        match stage.publish().await {
            0 => break,
            some => taken += some,
        }
    }
    assert_eq!((taken, stage.effects_and_announcements().await), (150, (150, 150)));
    let missing = rows(&stage.identity, "SELECT id FROM outbox WHERE published_at IS NULL").await;
    assert!(missing.is_empty());
}
