//! Writing: compare-and-set, once, and only about people whom the transaction admitted.

use contract::Purpose;
use foundation::uuid::Uuid;
use futures::future::join_all;
use personal_data::{Db, Error, category, keys::DataKey, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, Migrations, SERVICE, counter, letter, profile},
};

on_both_engines!(
    sixteen_at_once_lose_no_update,
    a_stale_row_is_not_written_however_often_it_is_tried,
    an_insert_once_is_done_once,
    nobody_is_written_about_unadmitted,
    a_dropped_transaction_leaves_nothing,
    a_unique_column_speaks_for_itself,
);

async fn read(db: &Db, id: Uuid) -> counter::Model {
    query::anonymous::<counter::Entity>().filter(counter::Column::Id.eq(id)).one(db).await.unwrap().unwrap()
}

async fn a_counter(db: &Db) -> Uuid {
    let id = Uuid::now_v7();
    let tx = db.begin("test.make").await.unwrap();
    tx.insert::<counter::Entity>(counter::Model { id, value: 0, version: 0 }).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn increment(db: &Db, mut row: counter::Model) -> Result<(), Error> {
    let tx = db.begin("test.increment").await?;
    row.value += 1;
    tx.update::<counter::Entity>(&mut row).await?;
    tx.commit().await
}

async fn sixteen_at_once_lose_no_update(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let id = a_counter(&db).await;

    // All of them have read the same row: one may write, fifteen are told.
    let seen = read(&db, id).await;
    let outcomes = join_all((0..16).map(|_| {
        let (db, seen) = (db.clone(), seen.clone());
        tokio::spawn(async move { increment(&db, seen).await })
    }))
    .await;
    let mut done = 0;
    for outcome in outcomes {
        match outcome.unwrap() {
            Ok(()) => done += 1,
            Err(Error::Changed("counter")) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((done, read(&db, id).await.value), (1, 1));

    // Reading again until it works, each of them counts exactly once.
    join_all((0..16).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            loop {
                match increment(&db, read(&db, id).await).await {
                    Ok(()) => break,
                    Err(Error::Changed(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
    let row = read(&db, id).await;
    assert_eq!((row.value, row.version), (17, 17));
}

async fn a_stale_row_is_not_written_however_often_it_is_tried(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let id = a_counter(&db).await;
    let mut stale = read(&db, id).await;
    increment(&db, read(&db, id).await).await.unwrap();

    for _ in 0..3 {
        let tx = db.begin("test.stale").await.unwrap();
        stale.value = 100;
        assert!(matches!(tx.update::<counter::Entity>(&mut stale).await, Err(Error::Changed("counter"))));
        assert!(matches!(tx.delete::<counter::Entity>(&stale).await, Err(Error::Changed("counter"))));
        tx.commit().await.unwrap();
    }
    let row = read(&db, id).await;
    assert_eq!((row.value, row.version), (1, 1));

    let tx = db.begin("test.delete").await.unwrap();
    tx.delete::<counter::Entity>(&row).await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.begin("test.gone").await.unwrap();
    assert!(matches!(tx.update::<counter::Entity>(&mut row.clone()).await, Err(Error::Changed(_))));
}

async fn an_insert_once_is_done_once(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let id = Uuid::now_v7();
    let outcomes = join_all((0..16).map(|value| {
        let db = db.clone();
        tokio::spawn(async move {
            let tx = db.begin("test.once").await?;
            let first = tx.insert_once::<counter::Entity>(counter::Model { id, value, version: 0 }).await?;
            tx.commit().await?;
            Ok::<_, Error>(first.then_some(value))
        })
    }))
    .await;
    let firsts: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.unwrap().unwrap()).collect();
    assert_eq!(firsts.len(), 1);
    assert_eq!(read(&db, id).await.value, firsts[0], "what is there is what the first one wrote");
}

async fn nobody_is_written_about_unadmitted(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    let key: DataKey<category::Account> = keys.of(keyring.person(), Purpose::Account).await.unwrap();
    let mut row = rows::a_letter(&key, "x");

    let tx = db.begin("test.nobody").await.unwrap();
    assert!(matches!(tx.insert::<letter::Entity>(row.clone()).await, Err(Error::NotAdmitted)));
    assert!(matches!(tx.insert_once::<letter::Entity>(row.clone()).await, Err(Error::NotAdmitted)));
    assert!(matches!(tx.update::<letter::Entity>(&mut row).await, Err(Error::NotAdmitted)));
    assert!(matches!(tx.delete::<letter::Entity>(&row).await, Err(Error::NotAdmitted)));
    drop(tx);

    let tx = db.begin_for("test.another", keyring.person(), Purpose::Account).await.unwrap();
    assert!(matches!(tx.insert::<letter::Entity>(row.clone()).await, Err(Error::NotAdmitted)));
    tx.admit(row.author, Purpose::Account).await.unwrap();
    tx.insert::<letter::Entity>(row.clone()).await.unwrap();
    row.readings = 1;
    tx.update::<letter::Entity>(&mut row).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(number(&db, "SELECT readings FROM letter").await, 1);
}

async fn a_dropped_transaction_leaves_nothing(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let tx = db.begin("test.dropped").await.unwrap();
    tx.insert::<counter::Entity>(counter::Model { id: Uuid::now_v7(), value: 0, version: 0 }).await.unwrap();
    drop(tx);
    a_counter(&db).await;
    assert_eq!(number(&db, "SELECT count(*) FROM counter").await, 1);
}

async fn a_unique_column_speaks_for_itself(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    let mut profiles = Vec::new();
    for _ in 0..2 {
        let key = keys.of::<category::Account>(keyring.person(), Purpose::Account).await.unwrap();
        profiles.push(rows::a_profile(&key, "x", engine.clock.now()));
    }
    profiles[1].email_index = profiles[0].email_index.clone();

    for (profile, expected) in profiles.iter().zip([true, false]) {
        let tx = db.begin_for("test.once", profile.person, Purpose::Account).await.unwrap();
        assert_eq!(tx.insert_once::<profile::Entity>(profile.clone()).await.unwrap(), expected);
        tx.commit().await.unwrap();
    }
    let tx = db.begin_for("test.again", profiles[1].person, Purpose::Account).await.unwrap();
    let error = tx.insert::<profile::Entity>(profiles[1].clone()).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error:?}");
    assert!(!Error::Changed("profile").is_unique_violation());
}
