//! A reaction acts for a purpose: a person's state in the reaction's own database decides.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use contract::{Purpose, identity::v1::LinkIssued};
use events::{Outcome, Reaction, ReactionError, Reactor, parked};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{
    Db, Tx,
    person_state::{self, State, bit},
};

use crate::{
    engines::{Engine, number, on_both_engines},
    stage::{self, Counting, Fault, Stage},
};

on_both_engines!(
    of_a_restricted_person_it_is_held_until_that_is_lifted,
    what_was_held_is_given_back_once_to_whom_it_was_held_for,
    of_an_erased_person_it_is_dropped,
    held_and_then_erased_it_is_dropped,
    held_and_then_poisoned_it_says_so,
    for_a_purpose_withdrawn_it_is_dropped_and_for_others_not,
    what_is_about_the_erased_is_heard_once_and_writes_nothing_about_them,
);

async fn becomes(db: &Db, person: PersonId, state: State, withdrawn: i64, seen: i64) {
    let tx = db.begin("test.state").await.unwrap();
    assert!(person_state::apply_in_tx(&tx, person, state, withdrawn, seen).await.unwrap());
    tx.commit().await.unwrap();
}

async fn of_a_restricted_person_it_is_held_until_that_is_lifted(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Restricted, 0, 1).await;
    stage.issues_a_link_to(person).await;
    stage.publish().await;

    assert_eq!((stage.effects().await, stage.deliveries().await[0].1.as_str()), (0, "held"));
    assert!(stage.outbox().await[0].published_at.is_some());
    let held = stage.parked().await;
    assert_eq!((held.len(), held[0].reason.as_str()), (1, parked::HELD));
    assert_eq!(stage.replay(&held[0]).await, Outcome::Held);
    assert_eq!((stage.parked().await, stage.effects().await), (held.clone(), 0));

    becomes(&stage.communication, person, State::Active, 0, 2).await;
    assert_eq!(stage.replay(&held[0]).await, Outcome::Done);
    assert_eq!((stage.parked().await.len(), stage.effects_and_announcements().await), (0, (1, 1)));
}

async fn what_was_held_is_given_back_once_to_whom_it_was_held_for(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (lifted, restricted) = (PersonId::new_v4(), PersonId::new_v4());
    for person in [lifted, restricted] {
        becomes(&stage.communication, person, State::Restricted, 0, 1).await;
        stage.issues_a_link_to(person).await;
    }
    stage.publish().await;
    let reactors: [Arc<dyn Reactor>; 1] = [stage.noting.clone()];
    assert_eq!((parked::replay_held(&stage.communication, &reactors).await.unwrap(), stage.effects().await), (0, 0));

    becomes(&stage.communication, lifted, State::Active, 0, 2).await;
    // Two replicas at once: the inbox lets one of them have the effect.
    let replay = || parked::replay_held(&stage.communication, &reactors);
    let (one, other) = tokio::join!(replay(), replay());
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!((stage.effects().await, stage.parked().await.len()), (1, 1));
    assert_eq!((replay().await.unwrap(), stage.effects().await), (0, 1), "nothing is left to give back");
}

async fn of_an_erased_person_it_is_dropped(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Erased, 0, 1).await;
    stage.issues_a_link_to(person).await;
    stage.publish().await;
    assert_eq!((stage.effects_and_announcements().await, stage.parked().await.len()), ((0, 0), 0));
    assert_eq!(stage.deliveries().await[0].1, "dropped");
    assert!(stage.outbox().await[0].published_at.is_some());
}

async fn held_and_then_erased_it_is_dropped(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Restricted, 0, 1).await;
    stage.issues_a_link_to(person).await;
    stage.publish().await;
    becomes(&stage.communication, person, State::Erased, 0, 2).await;

    assert_eq!(stage.replay(&stage.parked().await[0]).await, Outcome::Dropped);
    assert_eq!((stage.parked().await.len(), stage.effects().await), (0, 0));
}

async fn held_and_then_poisoned_it_says_so(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Restricted, 0, 1).await;
    let link = stage.issues_a_link_to(person).await;
    stage.publish().await;
    becomes(&stage.communication, person, State::Active, 0, 2).await;
    stage.fails(&link, [Fault::Poisoned]);

    assert_eq!(stage.replay(&stage.parked().await[0]).await, Outcome::Parked);
    // An operator who looks for what is poisoned must find it.
    assert_eq!(stage.parked().await[0].reason, "nobody knows this kind of link");
    assert_eq!(stage.replay(&stage.parked().await[0]).await, Outcome::Done);
    assert_eq!(stage.parked().await.len(), 0);
}

async fn for_a_purpose_withdrawn_it_is_dropped_and_for_others_not(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.bus.subscribe(events::reactor(&stage.communication, Counting));
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Active, bit(Purpose::Newsletter) | bit(Purpose::ServiceNotice), 1).await;
    stage.issues_a_link_to(person).await;
    stage.publish().await;
    // Service notices survive withdrawal, the newsletter does not.
    let became = |name: &str, outcome: &str| (name.to_owned(), outcome.to_owned());
    let expected = [became("communication.count-links", "dropped"), became("communication.note-on-link", "done")];
    assert_eq!((stage.deliveries().await, stage.effects().await), (expected.to_vec(), 1));
    assert_eq!(number(&stage.communication, "SELECT count(*) FROM inbox").await, 2);
    assert_eq!(stage.noting.kind(), "kolsai.identity.v1.LinkIssued");
}

/// Hears of people whom its service may have erased.
struct Hearing(Arc<AtomicUsize>);

#[async_trait]
impl Reaction<LinkIssued> for Hearing {
    const NAME: &'static str = "communication.hear-of-link";
    const PURPOSE: Purpose = Purpose::Rights;
    const ABOUT_THE_ERASED: bool = true;

    async fn react_in_tx(&self, tx: &Tx, link: LinkIssued) -> Result<(), ReactionError> {
        let row =
            stage::Model { id: Uuid::now_v7(), person: link.person_id.parse().unwrap(), link_id: link.link_id.parse().unwrap(), number: 0 };
        assert!(matches!(tx.insert::<stage::Entity>(row).await, Err(personal_data::Error::NotAdmitted)));
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn what_is_about_the_erased_is_heard_once_and_writes_nothing_about_them(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let heard = Arc::<AtomicUsize>::default();
    let hearing = events::reactor(&stage.communication, Hearing(heard.clone()));
    let person = PersonId::new_v4();
    becomes(&stage.communication, person, State::Erased, 0, 1).await;
    let envelope = stage::envelope_of(&stage::a_link_to(person));
    assert_eq!(hearing.react(&envelope).await, Outcome::Done);
    assert_eq!(hearing.react(&envelope).await, Outcome::Repeated);
    assert_eq!((heard.load(Ordering::SeqCst), stage.effects().await), (1, 0));
}
