//! What comes too early comes again, later and later; what cannot be taken is set aside where it can be seen and replayed.

use events::{Bus, Outcome, Reactor, parked, rules};
use foundation::PersonId;

use crate::{
    engines::{Engine, on_both_engines},
    stage::{Fault, Stage, a_link_to, envelope_of},
};

on_both_engines!(
    what_is_early_comes_again_later_and_later,
    what_is_poisoned_is_set_aside_and_replayed,
    a_payload_that_nobody_can_read_is_set_aside,
    a_person_who_is_no_identifier_is_set_aside,
    what_never_works_is_set_aside_in_the_end,
    setting_aside_twice_is_once,
);

async fn what_is_early_comes_again_later_and_later(engine: Engine) {
    const TIMES: i64 = 9;
    let stage = Stage::on(&engine).await;
    let link = stage.issues_a_link().await;
    stage.fails(&link, vec![Fault::Early; TIMES as usize]);

    for attempts in 0..TIMES {
        let before = engine.clock.now();
        assert_eq!(stage.publish().await, 1);
        let row = &stage.outbox().await[0];
        assert_eq!((row.attempts, row.published_at), (attempts + 1, None));
        assert!(row.due_at >= before.plus(rules::backoff(attempts)), "attempt {attempts}");
        assert!(row.due_at <= engine.clock.now().plus(rules::backoff(attempts)), "attempt {attempts}");
        if attempts + 1 == TIMES {
            // By now the wait is longer than any test: nobody is asked before it is over.
            assert_eq!(stage.publish().await, 0);
        }
        engine.clock.advance(rules::backoff(attempts));
    }
    assert_eq!(stage.publish().await, 1);
    assert_eq!((stage.noting.times() as i64, stage.effects_and_announcements().await), (TIMES + 1, (1, 1)));
    assert!(stage.parked().await.is_empty());
}

async fn what_is_poisoned_is_set_aside_and_replayed(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let link = stage.issues_a_link().await;
    stage.fails(&link, [Fault::Poisoned, Fault::Poisoned, Fault::Early]);
    stage.publish().await;

    assert!(stage.outbox().await[0].published_at.is_some(), "the rest of the world goes on");
    assert_eq!(stage.deliveries().await, [("communication.note-on-link".to_owned(), "parked".to_owned())]);
    let parked = stage.parked().await;
    assert_eq!(parked.len(), 1);
    let seen = (parked[0].reaction.as_str(), parked[0].reason.as_str(), parked[0].source.as_str(), parked[0].event_id);
    let event = &stage.outbox().await[0];
    assert_eq!(seen, ("communication.note-on-link", "nobody knows this kind of link", "identity", event.id));
    assert_eq!((parked[0].announced_at, &parked[0].payload), (event.at, &event.payload));

    // Still poisoned, then early: it stays where it is.
    assert_eq!(stage.replay(&parked[0]).await, Outcome::Parked);
    assert!(matches!(stage.replay(&parked[0]).await, Outcome::Later(_)));
    assert_eq!((stage.parked().await, stage.effects().await), (parked.clone(), 0));
    // Mended: it is taken, once.
    assert_eq!(stage.replay(&parked[0]).await, Outcome::Done);
    assert_eq!((stage.parked().await.len(), stage.effects_and_announcements().await), (0, (1, 1)));
    assert_eq!(stage.noting.react(&parked[0].envelope()).await, Outcome::Repeated);
}

async fn a_payload_that_nobody_can_read_is_set_aside(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let good = envelope_of(&a_link_to(PersonId::new_v4()));
    let unreadable = events::Envelope { payload: vec![0xff; 7], id: foundation::uuid::Uuid::now_v7(), ..good.clone() };
    assert_eq!(stage.noting.react(&unreadable).await, Outcome::Parked);
    let another = events::Envelope { kind: "kolsai.identity.v1.AccountConfirmed".into(), ..good };
    assert_eq!(stage.noting.react(&another).await, Outcome::Parked);
    assert_eq!((stage.parked().await.len(), stage.effects().await), (2, 0));
}

async fn a_person_who_is_no_identifier_is_set_aside(engine: Engine) {
    let stage = Stage::on(&engine).await;
    // Whose state could be checked? Nobody's: so there is no reaction.
    let garbled = contract::identity::v1::LinkIssued { person_id: "garbled".into(), ..a_link_to(PersonId::new_v4()) };
    let absent = contract::identity::v1::LinkIssued { person_id: String::new(), ..a_link_to(PersonId::new_v4()) };
    for link in [garbled, absent] {
        assert_eq!(stage.noting.react(&envelope_of(&link)).await, Outcome::Parked, "{link:?}");
    }
    assert_eq!((stage.parked().await.len(), stage.effects().await), (2, 0));
}

async fn what_never_works_is_set_aside_in_the_end(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let link = stage.issues_a_link().await;
    stage.fails(&link, vec![Fault::EarlyAfterTheEffect; 1000]);
    let mut tries = 0;
    while stage.outbox().await[0].published_at.is_none() {
        assert!(tries < 50, "it is tried for ever");
        assert_eq!(stage.publish().await, 1);
        engine.clock.advance(rules::backoff(i64::MAX));
        tries += 1;
    }
    assert_eq!((stage.noting.times(), stage.effects_and_announcements().await), (tries, (0, 0)));
    assert!(rules::is_hopeless(tries as i64 - 1) && !rules::is_hopeless(tries as i64 - 2));
    let parked = stage.parked().await;
    assert_eq!(parked[0].reason, "too early: something after the effect failed");

    stage.fails(&link, []);
    assert_eq!(stage.replay(&parked[0]).await, Outcome::Done);
    assert_eq!(stage.effects_and_announcements().await, (1, 1));
}

async fn setting_aside_twice_is_once(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let envelope = envelope_of(&a_link_to(PersonId::new_v4()));
    for _ in 0..2 {
        stage.noting.park(&envelope, "a reason").await.unwrap();
    }
    let rows = parked::list(&stage.communication).await.unwrap();
    assert_eq!((rows.len(), rows[0].envelope()), (1, envelope.clone()));
    // Delivered after all: it is taken; the row set aside finds that out when it is replayed.
    stage.bus.publish(&stage.identity, &envelope, 0).await.unwrap();
    assert_eq!(stage.replay(&rows[0]).await, Outcome::Repeated);
    assert_eq!((stage.parked().await.len(), stage.effects().await), (0, 1));
}
