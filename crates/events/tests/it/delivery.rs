//! From the use case in one database to the effect in another.

use std::sync::Arc;

use contract::identity::v1::{AccountConfirmed, LinkIssued};
use events::{Outcome, Relay};
use foundation::PersonId;
use personal_data::Holds;
use tokio_util::sync::CancellationToken;

use crate::{
    engines::{Engine, number, on_both_engines, until},
    stage::{self, Asked, Away, Counting, Fault, Migrations, Noting, Stage},
};

on_both_engines!(
    what_is_announced_has_its_effect_elsewhere,
    a_rolled_back_use_case_announces_nothing,
    a_running_relay_is_woken_by_a_commit,
    a_reaction_that_is_not_ready_holds_back_nobody_else,
    without_reactions_an_event_is_published_all_the_same,
    a_bus_that_is_away_loses_nothing,
    the_map_has_every_table_of_events,
);

async fn what_is_announced_has_its_effect_elsewhere(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let link = stage.issues_a_link().await;
    assert_eq!((stage.effects().await, stage.outbox().await[0].published_at), (0, None));

    assert_eq!(stage.publish().await, 1);

    let person = number(&stage.communication, "SELECT count(*) FROM effect WHERE number = 1").await;
    assert_eq!((person, stage.effects_and_announcements().await), (1, (1, 1)));
    assert_eq!(stage.deliveries().await, [("communication.note-on-link".to_owned(), "done".to_owned())]);
    let row = &stage.outbox().await[0];
    assert!(row.published_at.is_some_and(|at| at >= row.at) && row.attempts == 0, "{row:?}");
    assert_eq!(row.kind, "kolsai.identity.v1.LinkIssued");
    assert_eq!(<LinkIssued as prost::Message>::decode(row.payload.as_slice()).unwrap(), link);
    assert_eq!(stage.publish().await, 0, "what is published is not due again");

    // What the reaction announced goes on from its own service.
    let announced = personal_data::query::anonymous::<events::outbox::event::Entity>();
    let announced = sea_orm::Select::one(announced, &stage.communication).await.unwrap().unwrap();
    let event = <AccountConfirmed as prost::Message>::decode(announced.payload.as_slice()).unwrap();
    assert_eq!((announced.kind.as_str(), event.person_id), ("kolsai.identity.v1.AccountConfirmed", link.person_id));
    let onward = Relay::new(stage.communication.clone(), Arc::new(stage.bus.clone()));
    assert_eq!(onward.publish_due().await.unwrap(), 1);
}

async fn a_rolled_back_use_case_announces_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let tx = stage.identity.begin("test.fails").await.unwrap();
    events::announce_in_tx(&tx, stage::a_link_to(PersonId::new_v4())).await.unwrap();
    drop(tx);
    assert_eq!(stage.publish().await, 0);
    assert_eq!((stage.outbox().await.len(), stage.effects().await, stage.noting.times()), (0, 0, 0));
}

async fn a_running_relay_is_woken_by_a_commit(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let cancelled = CancellationToken::new();
    let running = tokio::spawn(stage.relay().run(cancelled.clone()));
    for expected in 1..=3 {
        stage.issues_a_link().await;
        until("the effect is there", async || stage.effects().await == expected).await;
    }
    until("all of it is published", async || stage.outbox().await.iter().all(|row| row.published_at.is_some())).await;
    cancelled.cancel();
    tokio::time::timeout(std::time::Duration::from_secs(60), running).await.unwrap().unwrap();
    assert_eq!(stage.effects_and_announcements().await, (3, 3));
}

async fn a_reaction_that_is_not_ready_holds_back_nobody_else(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let counting = Asked::of(events::reactor(&stage.communication, Counting));
    stage.bus.subscribe(counting.clone());
    assert_eq!(stage.bus.reactors().len(), 2);
    let link = stage.issues_a_link().await;
    stage.fails(&link, [Fault::Early, Fault::Early]);

    for _ in 0..3 {
        stage.publish().await;
        assert_eq!(counting.times(), 1, "who has taken it is not asked again");
        engine.clock.advance(events::rules::backoff(2));
    }
    assert_eq!(stage.noting.times(), 3);
    assert_eq!(stage.effects().await, 2);
    let done = |name: &str| (name.to_owned(), "done".to_owned());
    assert_eq!(stage.deliveries().await, [done("communication.count-links"), done("communication.note-on-link")]);
    assert!(stage.outbox().await[0].published_at.is_some());
}

async fn without_reactions_an_event_is_published_all_the_same(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.issues_a_link().await;
    let relay = Relay::new(stage.identity.clone(), Arc::new(events::InProcessBus::default()));
    assert_eq!(relay.publish_due().await.unwrap(), 1);
    assert!(stage.outbox().await[0].published_at.is_some());
}

async fn a_bus_that_is_away_loses_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.issues_a_link().await;
    let away = Relay::new(stage.identity.clone(), Arc::new(Away));
    for attempts in 1..=20 {
        assert_eq!(away.publish_due().await.unwrap(), 1);
        assert_eq!(stage.outbox().await[0].attempts, attempts);
        engine.clock.advance(events::rules::backoff(i64::MAX));
    }
    assert_eq!(stage.effects().await, 0);
    stage.publish().await;
    assert_eq!(stage.effects().await, 1);
}

async fn the_map_has_every_table_of_events(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let holds = Holds::of::<(stage::Entity,)>("communication").and::<events::Tables>();
    assert_eq!(holds.drift(&stage.communication).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reactor_says_who_it_is() {
    let engine = Engine::sqlite();
    let db = engine.database::<Migrations>("communication").await;
    let reactor = events::reactor(&db, Noting(Default::default()));
    assert_eq!(
        (reactor.name(), reactor.service(), reactor.kind(), reactor.db().service()),
        ("communication.note-on-link", "communication", "kolsai.identity.v1.LinkIssued", "communication")
    );
    assert!(
        Outcome::Done.is_taken() && !Outcome::Held.is_taken() && !Outcome::Parked.is_taken() && !Outcome::Later(String::new()).is_taken()
    );
}
