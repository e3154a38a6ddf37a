//! Who is mentioned in a row is locked in one order, once for a transaction, and beside work about them. On PostgreSQL.

use std::time::Duration;

use contract::Purpose;
use foundation::PersonId;
use personal_data::{Db, category, person_state, query};

use crate::{
    engines::{Engine, on_both_engines},
    keyring::Keyring,
    rows::{self, Migrations, SERVICE, letter},
};

on_both_engines!(what_a_transaction_knows_of_a_state_follows_what_it_writes);

async fn writes(db: Db, keyring: Keyring, author: PersonId, about: PersonId) {
    let key = keyring.keys(SERVICE).of::<category::Account>(author, Purpose::Account).await.unwrap();
    let tx = db.begin_for("test.write", author, Purpose::Account).await.unwrap();
    // The other one has begun too by now.
    tokio::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..2 {
        tx.insert::<letter::Entity>(letter::Model { answered_by: Some(about), ..rows::a_letter(&key, "A letter") }).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_mention_each_other_at_once_do_not_wait_for_each_other() {
    let Some(engine) = Engine::postgres() else { return };
    let (db, keyring) = (engine.database::<Migrations>(SERVICE).await, Keyring::new(&engine.clock));
    let (one, other) = (keyring.person(), keyring.person());
    for round in 0..10 {
        let both = tokio::join!(
            tokio::spawn(writes(db.clone(), keyring.clone(), one, other)),
            tokio::spawn(writes(db.clone(), keyring.clone(), other, one))
        );
        assert!(both.0.is_ok() && both.1.is_ok(), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_erasure_waits_for_who_mentions_the_person() {
    let Some(engine) = Engine::postgres() else { return };
    let (db, keyring) = (engine.database::<Migrations>(SERVICE).await, Keyring::new(&engine.clock));
    let (author, mentioned) = (keyring.person(), keyring.person());
    let key = keyring.keys(SERVICE).of::<category::Account>(author, Purpose::Account).await.unwrap();
    let tx = db.begin_for("test.write", author, Purpose::Account).await.unwrap();
    let row = letter::Model { answered_by: Some(mentioned), ..rows::a_letter(&key, "A letter") };
    tx.insert::<letter::Entity>(row.clone()).await.unwrap();
    let erasing = tokio::spawn({
        let db = db.clone();
        async move {
            let tx = db.begin("test.erase").await.unwrap();
            rows::holds().erase_in_tx(&tx, mentioned, &[]).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!erasing.is_finished(), "the erasure waits");
    tx.commit().await.unwrap();
    erasing.await.unwrap();
    let left = query::by_key::<letter::Entity>(row.id, Purpose::Account).one(&db).await.unwrap().unwrap();
    assert_eq!(left.answered_by, None);
}

async fn what_a_transaction_knows_of_a_state_follows_what_it_writes(engine: Engine) {
    let (db, keyring) = (engine.database::<Migrations>(SERVICE).await, Keyring::new(&engine.clock));
    let (person, author) = (keyring.person(), keyring.person());
    let key = keyring.keys(SERVICE).of::<category::Account>(author, Purpose::Account).await.unwrap();
    let tx = db.begin_for("test.both", author, Purpose::Account).await.unwrap();
    tx.admit(person, Purpose::Account).await.unwrap();
    let first = letter::Model { answered_by: Some(person), ..rows::a_letter(&key, "Before") };
    tx.insert::<letter::Entity>(first.clone()).await.unwrap();
    person_state::erase_in_tx(&tx, person).await.unwrap();
    assert!(tx.admit(person, Purpose::Account).await.is_err());
    let second = letter::Model { answered_by: Some(person), ..rows::a_letter(&key, "After") };
    tx.insert::<letter::Entity>(second.clone()).await.unwrap();
    tx.commit().await.unwrap();
    let read = async |id| query::by_key::<letter::Entity>(id, Purpose::Account).one(&db).await.unwrap().unwrap().answered_by;
    assert_eq!((read(first.id).await, read(second.id).await), (Some(person), None));
}
