//! What is no event of ours is set aside where an operator sees it, and the rest of the world goes on.

use async_nats::{HeaderMap, jetstream::Context};
use events::{BusConfig, Envelope, parked};
use foundation::PersonId;

use super::{Replica, a_stranger, effects, on_the_server};
use crate::{
    engines::{Engine, on_both_engines, until},
    stage::{Fault, Stage, a_link_to, envelope_of},
};

on_both_engines!(
    what_is_poisoned_is_set_aside_and_given_back_by_an_operator,
    what_nobody_understands_is_set_aside_and_nothing_stops,
    a_reaction_that_panics_ends_nothing,
);

/// As a service would publish it, with these headers in place of its own; an empty one is left out.
pub async fn publish(to: &Context, config: &BusConfig, envelope: &Envelope, other: &[(&str, &str)]) {
    let mut headers = HeaderMap::new();
    let (id, at, length) = (envelope.id.to_string(), envelope.at.to_string(), envelope.payload.len().to_string());
    let own = [
        ("ce-id", id.as_str()),
        ("ce-source", &envelope.source),
        ("ce-type", &envelope.kind),
        ("ce-specversion", "1.0"),
        ("ce-time", &at),
        ("ce-length", &length),
    ];
    for (name, value) in own.iter().chain(other) {
        headers.insert(*name, *value);
    }
    // Nothing takes a header away: what is to be missing is not put in.
    let headers = headers.iter().filter(|(_, values)| !values[0].as_str().is_empty()).fold(HeaderMap::new(), |mut kept, (name, values)| {
        kept.insert(name.clone(), values[0].clone());
        kept
    });
    let subject = format!("{}.events.{}.LinkIssued", config.name, envelope.source);
    to.publish_with_headers(subject, headers, envelope.payload.clone().into()).await.unwrap().await.unwrap();
}

async fn what_is_poisoned_is_set_aside_and_given_back_by_an_operator(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    let link = a_link_to(PersonId::new_v4());
    stage.fails(&link, [Fault::Poisoned, Fault::Poisoned, Fault::Early]);
    let tx = stage.identity.begin("test.issue-link").await.unwrap();
    events::announce_in_tx(&tx, link).await.unwrap();
    tx.commit().await.unwrap();
    stage.issues_a_link().await;
    until("it is set aside", async || stage.parked().await.len() == 1).await;
    effects(&stage, 1).await;
    let row = &stage.parked().await[0];
    assert_eq!(row.reason, "nobody knows this kind of link");

    let reactors: [std::sync::Arc<dyn events::Reactor>; 1] = [replica.asked.clone()];
    let give_back = async |only| {
        let given = parked::give_back(&stage.communication, only).await.unwrap();
        (given, parked::replay_held(&stage.communication, &reactors).await.unwrap())
    };
    // Poisoned again, then early: one try each time, and it says why it is still here.
    assert_eq!(give_back(Some(row.event_id)).await, (1, 0));
    assert_eq!(stage.parked().await[0].reason, "nobody knows this kind of link");
    assert_eq!(give_back(Some(row.id)).await, (1, 0));
    assert_eq!(stage.parked().await[0].reason, "too early: the account is not here yet");
    assert_eq!(give_back(Some(foundation::uuid::Uuid::nil())).await, (0, 0));
    assert_eq!(give_back(None).await, (1, 1));
    effects(&stage, 2).await;
    assert!(stage.parked().await.is_empty());
    replica.stops().await;
}

async fn what_nobody_understands_is_set_aside_and_nothing_stops(engine: Engine) {
    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    let (stranger, good) = (a_stranger(&config).await, || envelope_of(&a_link_to(PersonId::new_v4())));
    let newer = Envelope { kind: "kolsai.identity.v2.LinkIssued".into(), ..good() };
    let unknown = Envelope { source: "mallory".into(), ..good() };
    let length = good().payload.len().to_string();
    let cut = Envelope { payload: good().payload[..20].to_vec(), ..good() };
    let garbage = Envelope { payload: vec![0xff; 7], ..good() };
    let forged = good();
    publish(&stranger, &config, &newer, &[]).await;
    publish(&stranger, &config, &unknown, &[]).await;
    publish(&stranger, &config, &cut, &[("ce-length", &length)]).await;
    publish(&stranger, &config, &garbage, &[]).await;
    publish(&stranger, &config, &good(), &[("ce-id", ""), ("ce-type", "")]).await;
    publish(&stranger, &config, &good(), &[("ce-specversion", "")]).await;
    // Under its own subject, in another's name: only its subject is what the server permits it.
    publish(&stranger, &config, &Envelope { source: "learning".into(), ..forged }, &[("ce-source", "identity")]).await;
    stage.issues_a_link().await;

    effects(&stage, 1).await;
    until("the rest is set aside", async || stage.parked().await.len() == 7).await;
    let rows = stage.parked().await;
    let reason_of = |id| rows.iter().find(|row| row.event_id == id).map(|row| row.reason.as_str());
    assert_eq!(reason_of(newer.id), Some("its kind or version is not known here"));
    assert_eq!(reason_of(unknown.id), Some("it comes from somebody who does not announce this kind"));
    assert_eq!(reason_of(cut.id), Some("it was cut short"));
    assert_eq!(reason_of(garbage.id), Some("the payload is not what its kind says"));
    let reasons: Vec<_> = rows.iter().map(|row| row.reason.as_str()).collect();
    for expected in ["its identifier cannot be read", "it is not a CloudEvent of version 1.0"] {
        assert!(reasons.contains(&expected), "{expected}: {reasons:?}");
    }
    // Trying again lets nothing in but what only its envelope spoke against.
    for row in &rows {
        let taken = events::parked::replay(&stage.communication, row, replica.asked.as_ref()).await.unwrap().is_taken();
        assert_eq!(taken, row.reason == "it is not a CloudEvent of version 1.0", "{}", row.reason);
    }
    assert_eq!((stage.parked().await.len(), stage.effects().await), (6, 2));
    // The bus is done with all of it.
    until("nothing is in hand", async || replica.bus.lag().await.unwrap()[0].events() == 0).await;
    replica.stops().await;
}

async fn a_reaction_that_panics_ends_nothing(engine: Engine) {
    use contract::{Purpose, identity::v1::LinkIssued};
    use events::{Reaction, ReactionError};
    use personal_data::Tx;

    struct Panicking;

    #[async_trait::async_trait]
    impl Reaction<LinkIssued> for Panicking {
        const NAME: &'static str = "communication.panic-on-link";
        const PURPOSE: Purpose = Purpose::ServiceNotice;

        async fn react_in_tx(&self, _: &Tx, _: LinkIssued) -> Result<(), ReactionError> {
            panic!("as a test wants it");
        }
    }

    let Some(config) = on_the_server() else { return };
    let stage = Stage::on(&engine).await;
    let replica = Replica::of(&stage, &engine, &config).await;
    let panicking = crate::stage::Asked::of(events::reactor(&stage.communication, Panicking));
    // In the process of the others.
    let other = Replica::with(&stage, &engine, &config, panicking).await;
    stage.issues_a_link().await;
    effects(&stage, 1).await;
    until("it is tried again and again", async || other.asked.times() > 2).await;
    assert!(stage.parked().await.is_empty(), "it may yet work");
    other.stops().await;
    replica.stops().await;
}
