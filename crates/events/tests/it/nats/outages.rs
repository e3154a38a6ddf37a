//! The bus, the line to it or a process dies: nothing is lost, and nothing is had twice.

use std::time::Duration;

use events::BusConfig;

use super::{
    Replica, a_stranger, a_stream_at, effects,
    server::{Line, Server},
};
use crate::{
    engines::{Engine, on_both_engines, until},
    stage::Stage,
};

on_both_engines!(
    a_server_that_is_killed_and_comes_back_loses_nothing,
    a_line_that_is_cut_again_and_again_loses_nothing,
    what_a_killed_process_had_in_hand_another_takes,
    a_server_that_lost_its_disk_is_used_again,
    a_full_stream_leaves_events_in_the_outbox,
);

async fn a_server_that_is_killed_and_comes_back_loses_nothing(engine: Engine) {
    const EVENTS: i64 = 90;
    let Some(mut server) = Server::start(&[]).await else { return };
    let config = a_stream_at(server.address());
    let stage = Stage::on(&engine).await;
    let (one, other) = (Replica::of(&stage, &engine, &config).await, Replica::of(&stage, &engine, &config).await);
    for at in 0..EVENTS {
        stage.issues_a_link().await;
        if at % 40 == 20 {
            server.is_killed();
        }
        if at % 40 == 35 {
            server.comes_back().await;
        }
    }
    effects(&stage, EVENTS).await;

    // While it is away, what is announced waits, and no try is counted against it.
    server.is_killed();
    until("its absence is known", async || events::Bus::is_away(&one.bus)).await;
    stage.issues_a_link().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let waiting: Vec<_> = stage.outbox().await.into_iter().filter(|row| row.published_at.is_none()).collect();
    assert_eq!((waiting.len(), waiting[0].attempts), (1, 0));
    server.comes_back().await;
    effects(&stage, EVENTS + 1).await;
    one.stops().await;
    other.stops().await;
}

async fn a_line_that_is_cut_again_and_again_loses_nothing(engine: Engine) {
    const EVENTS: i64 = 80;
    let Some(server) = Server::start(&[]).await else { return };
    let line = Line::to(server.port()).await;
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &a_stream_at(line.address())).await;
    for at in 0..EVENTS {
        stage.issues_a_link().await;
        if at % 9 == 4 {
            line.is_cut();
        }
    }
    effects(&stage, EVENTS).await;
    replica.stops().await;
}

async fn what_a_killed_process_had_in_hand_another_takes(engine: Engine) {
    const EVENTS: i64 = 60;
    let Some(server) = Server::start(&[]).await else { return };
    let config = a_stream_at(server.address());
    let stage = Stage::on(&engine).await;
    let survivor = Replica::of(&stage, &engine, &config).await;
    let mut killed = Replica::of(&stage, &engine, &config).await;
    for at in 0..EVENTS {
        stage.issues_a_link().await;
        if at % 20 == 10 {
            killed.dies().await;
            killed = Replica::of(&stage, &engine, &config).await;
        }
    }
    killed.dies().await;
    // A lease of a relay that died ends by itself; so does the patience of the bus with a reaction.
    engine.clock.advance(events::rules::LEASE);
    effects(&stage, EVENTS).await;
    survivor.stops().await;
}

async fn a_server_that_lost_its_disk_is_used_again(engine: Engine) {
    let Some(mut server) = Server::start(&[]).await else { return };
    let config = a_stream_at(server.address());
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    stage.issues_a_link().await;
    effects(&stage, 1).await;
    server.is_killed();
    std::fs::remove_dir_all(server.store()).unwrap();
    server.comes_back().await;
    stage.issues_a_link().await;
    effects(&stage, 2).await;

    // What it had and nobody had read is published again out of the outbox; what was read is had once.
    let again = events::publish_again(&stage.identity, foundation::Timestamp::from_micros(0), engine.clock.now()).await.unwrap();
    assert_eq!(again, 2);
    until("it is published again", async || stage.outbox().await.iter().all(|row| row.published_at.is_some())).await;
    effects(&stage, 2).await;
    replica.stops().await;
}

async fn a_full_stream_leaves_events_in_the_outbox(engine: Engine) {
    const EVENTS: i64 = 300;
    let Some(server) = Server::start(&[]).await else { return };
    let config = BusConfig { max_bytes: 64 * 1024, ..a_stream_at(server.address()) };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    for _ in 0..EVENTS {
        stage.issues_a_link().await;
    }
    let waiting = async || events::backlog(&stage.identity).await.unwrap().depth as i64;
    let stream = a_stranger(&config).await;
    until("the stream is full and what it has is taken", async || {
        let waits = waiting().await;
        (1..EVENTS).contains(&waits) && stage.effects().await == EVENTS - waits && stage.outbox().await.iter().any(|row| row.attempts > 0)
    })
    .await;
    assert!(stage.parked().await.is_empty());

    // Room is made: here by an operator who gives it more.
    let mut larger = stream.get_stream(&config.name).await.unwrap().cached_info().config.clone();
    larger.max_bytes = 1 << 20;
    stream.update_stream(larger).await.unwrap();
    engine.clock.advance(Duration::from_secs(10));
    effects(&stage, EVENTS).await;
    replica.stops().await;
}
