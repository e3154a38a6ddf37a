//! The same call twice: one effect, the first answer; another call under the same key: an error.

use std::time::Duration;

use foundation::{PersonId, uuid::Uuid};
use futures::future::join_all;
use personal_data::{Db, Error, Idempotency, idempotency};

use crate::{
    engines::{Engine, number, on_both_engines},
    rows::{Migrations, SERVICE, counter},
};

on_both_engines!(
    the_same_body_gets_the_first_answer,
    another_body_is_refused,
    callers_methods_and_keys_do_not_meet,
    of_many_at_once_one_makes,
    what_was_rolled_back_claims_nothing,
    old_keys_go,
    looking_claims_nothing,
);

/// A use case that makes a counter under a key. Answers what was made, now or before.
async fn make(db: &Db, claim: &Idempotency) -> Result<Uuid, Error> {
    let id = Uuid::now_v7();
    let tx = db.begin("test.make").await?;
    if let Some(first) = tx.first_made(claim, id).await? {
        return Ok(first);
    }
    tx.insert::<counter::Entity>(counter::Model { id, value: 0, version: 0 }).await?;
    tx.commit().await?;
    Ok(id)
}

async fn made(db: &Db) -> i64 {
    number(db, "SELECT count(*) FROM counter").await
}

async fn the_same_body_gets_the_first_answer(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let caller = Some(PersonId::new_v4());
    let claim = || Idempotency::new(caller, "/m", "key", b"body");
    let first = make(&db, &claim()).await.unwrap();
    assert_eq!(make(&db, &claim()).await.unwrap(), first);
    assert_eq!(made(&db).await, 1);
}

async fn another_body_is_refused(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let caller = Some(PersonId::new_v4());
    make(&db, &Idempotency::new(caller, "/m", "key", b"body")).await.unwrap();
    assert!(matches!(make(&db, &Idempotency::new(caller, "/m", "key", b"another")).await, Err(Error::KeyReused)));
    assert_eq!(made(&db).await, 1);
}

async fn callers_methods_and_keys_do_not_meet(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let (a, b) = (Some(PersonId::new_v4()), Some(PersonId::new_v4()));
    let claims = [(a, "/m", "key"), (b, "/m", "key"), (None, "/m", "key"), (a, "/n", "key"), (a, "/m", "other"), (a, "/mk", "ey")];
    for (caller, method, key) in claims {
        make(&db, &Idempotency::new(caller, method, key, b"body")).await.unwrap();
    }
    assert_eq!(made(&db).await, claims.len() as i64);
}

async fn of_many_at_once_one_makes(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let claim = Idempotency::new(Some(PersonId::new_v4()), "/m", "key", b"body");
    let answers = join_all((0..16).map(|_| {
        let (db, claim) = (db.clone(), claim.clone());
        tokio::spawn(async move { make(&db, &claim).await.unwrap() })
    }))
    .await;
    let mut answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "everybody is told of the same thing");
    assert_eq!(made(&db).await, 1);
}

async fn what_was_rolled_back_claims_nothing(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let claim = Idempotency::new(None, "/m", "key", b"body");
    let tx = db.begin("test.fails").await.unwrap();
    assert_eq!(tx.first_made(&claim, Uuid::now_v7()).await.unwrap(), None);
    drop(tx);
    make(&db, &claim).await.unwrap();
    assert_eq!(made(&db).await, 1);
}

async fn old_keys_go(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let claim = Idempotency::new(None, "/m", "key", b"body");
    make(&db, &claim).await.unwrap();
    engine.clock.advance(Duration::from_secs(25 * 3600));
    make(&db, &Idempotency::new(None, "/m", "young", b"body")).await.unwrap();

    let day = Duration::from_secs(24 * 3600);
    assert_eq!(idempotency::expire(&db, engine.clock.now().minus(day)).await.unwrap(), 1);
    make(&db, &claim).await.unwrap();
    assert_eq!(made(&db).await, 3);
}

async fn looking_claims_nothing(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let claim = |body: &[u8]| Idempotency::new(None, "/m", "key", body);
    assert_eq!(db.made_before(&claim(b"body")).await.unwrap(), None);
    let first = make(&db, &claim(b"body")).await.unwrap();
    assert_eq!(db.made_before(&claim(b"body")).await.unwrap(), Some(first));
    assert!(matches!(db.made_before(&claim(b"another")).await, Err(Error::KeyReused)));
    assert_eq!(made(&db).await, 1);
}
