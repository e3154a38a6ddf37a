//! The access log is one unbroken chain, whoever writes at the same time, and shows every change made to it.

use contract::{Category, Purpose, Role, keyring::v1::leased_key::Refusal, privacy::v1 as pb};
use foundation::PersonId;
use futures::future::join_all;
use personal_data::{
    AccessLog, AccessRecorder, Actor, Decision, Entry, Error,
    access_log::{self, Model},
};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{Migrations, SERVICE},
};

on_both_engines!(
    fifty_at_once_make_one_chain,
    replicas_write_one_chain,
    any_change_of_an_entry_shows,
    an_entry_speaks_of_people_by_handles_only,
    when_it_cannot_be_written_the_access_is_refused,
    the_batch_to_privacy_goes_on_where_it_ended,
);

fn entry(person: PersonId) -> Entry {
    Entry {
        actor: Actor::Person { id: person, role: None },
        subject: Some(person),
        method: "/kolsai.identity.v1.Accounts/GetProfile".into(),
        categories: vec![Category::Account, Category::Credentials],
        purpose: Purpose::Account,
        decision: Decision::Granted,
        session: None,
    }
}

/// The first place in the chain where it does not hold, as privacy would look for it.
fn broken_at(chain: &[Model]) -> Option<i64> {
    let mut previous = Vec::new();
    for (place, entry) in (1..).zip(chain) {
        if entry.sequence != place || entry.previous_hash != previous || entry.hash != access_log::hash(entry) {
            return Some(place);
        }
        previous = entry.hash.clone();
    }
    None
}

async fn fifty_at_once_make_one_chain(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let log = AccessLog::new(engine.database::<Migrations>(SERVICE).await, keyring.keys(SERVICE));
    record_many(std::slice::from_ref(&log), &keyring, 50).await;
    let chain = log.after(0, 1000).await.unwrap();
    assert_eq!((chain.len(), broken_at(&chain)), (100, None));
}

async fn replicas_write_one_chain(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(AccessLog::new(engine.database::<Migrations>(SERVICE).await, keyring.keys(SERVICE)));
    }
    record_many(&replicas, &keyring, 50).await;
    let chain = replicas[0].after(0, 1000).await.unwrap();
    assert_eq!((chain.len(), broken_at(&chain)), (100, None));
}

/// `times` calls at once, each with two people in it, spread over the replicas.
async fn record_many(replicas: &[AccessLog], keyring: &Keyring, times: usize) {
    let written = join_all((0..times).map(|at| {
        let (log, a, b) = (replicas[at % replicas.len()].clone(), keyring.person(), keyring.person());
        tokio::spawn(async move { log.record(vec![entry(a), entry(b)]).await })
    }))
    .await;
    for outcome in written {
        outcome.unwrap().unwrap();
    }
}

async fn any_change_of_an_entry_shows(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let db = engine.database::<Migrations>(SERVICE).await;
    let log = AccessLog::new(db.clone(), keyring.keys(SERVICE));
    for _ in 0..4 {
        log.record(vec![entry(keyring.person())]).await.unwrap();
    }
    let chain = log.after(0, 10).await.unwrap();
    assert_eq!(broken_at(&chain), None);

    type Change = fn(&mut Model);
    let changes: [(&str, Change); 9] = [
        ("at", |e| e.at = e.at.plus(std::time::Duration::from_micros(1))),
        ("actor_handle", |e| e.actor_handle.push('x')),
        ("actor_role", |e| e.actor_role = "administrator".into()),
        ("subject_handle", |e| e.subject_handle.clear()),
        ("method", |e| e.method.push('x')),
        ("categories", |e| e.categories.clear()),
        ("purpose", |e| e.purpose += 1),
        ("decision", |e| e.decision = "NO_TIE".into()),
        // What one field loses the next one gains: the fields' borders are part of the hash.
        ("border", |e| {
            e.actor_role = "sel".into();
            e.subject_handle = format!("f{}", e.subject_handle);
        }),
    ];
    for (what, change) in changes {
        let mut changed = chain.clone();
        change(&mut changed[1]);
        assert_eq!(broken_at(&changed), Some(2), "{what}");
        // Whoever makes the entry whole again breaks the next.
        changed[1].hash = access_log::hash(&changed[1]);
        assert_eq!(broken_at(&changed), Some(3), "{what}");
    }
    let mut shortened = chain.clone();
    shortened.remove(1);
    assert_eq!(broken_at(&shortened), Some(2));

    // And in the database itself.
    sea_orm::ConnectionTrait::execute_unprepared(&db, "UPDATE access_entry SET decision = 'NO_TIE' WHERE sequence = 3").await.unwrap();
    assert_eq!(broken_at(&log.after(0, 10).await.unwrap()), Some(3));
}

async fn an_entry_speaks_of_people_by_handles_only(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    let log = AccessLog::new(engine.database::<Migrations>(SERVICE).await, keys.clone());
    let (aigul, learner, erased) = (keyring.person(), keyring.person(), keyring.person());
    keyring.refuse(erased, Refusal::Erased);
    let staff = Actor::Person { id: aigul, role: Some(Role::Instructor) };
    let of = |actor: Actor, subject, decision| Entry { actor, subject, decision, ..entry(learner) };
    log.record(vec![
        of(staff, Some(learner), Decision::Refused("NO_TIE")),
        of(Actor::Nobody, None, Decision::Granted),
        of(Actor::Service("communication".into()), Some(erased), Decision::Granted),
        of(Actor::Link, Some(learner), Decision::Granted),
        of(Actor::Partner("sandbox".into()), Some(learner), Decision::Granted),
    ])
    .await
    .unwrap();

    let chain = log.after(0, 10).await.unwrap();
    let handle = keys.handle(learner).await.unwrap().unwrap().to_string();
    let said: Vec<_> = chain.iter().map(|e| (e.actor_role.as_str(), e.subject_handle.as_str(), e.decision.as_str())).collect();
    assert_eq!(
        said,
        [
            ("instructor", handle.as_str(), "NO_TIE"),
            ("nobody", "", "granted"),
            ("service:communication", "", "granted"),
            ("link", handle.as_str(), "granted"),
            ("partner:sandbox", handle.as_str(), "granted"),
        ]
    );
    assert_eq!(chain[0].actor_handle, keys.handle(aigul).await.unwrap().unwrap().to_string());
    assert_eq!(chain[0].categories, "ACCOUNT,CREDENTIALS");
    for person in [aigul, learner, erased] {
        assert!(!format!("{chain:?}").contains(&person.to_string()));
    }
    // Nothing is lost on the way to privacy.
    for entry in chain {
        assert_eq!(Model::from(pb::AccessEntry::from(entry.clone())), entry);
    }
}

async fn when_it_cannot_be_written_the_access_is_refused(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let db = engine.database::<Migrations>(SERVICE).await;
    let log = AccessLog::new(db.clone(), keyring.keys(SERVICE));
    let person = keyring.person();
    log.record(vec![]).await.unwrap();
    log.record(vec![entry(person)]).await.unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM access_entry").await, 1);

    sea_orm::ConnectionTrait::execute_unprepared(&db, "DROP TABLE access_entry").await.unwrap();
    assert!(matches!(log.record(vec![entry(person)]).await, Err(Error::Database(_))));
    keyring.goes_away();
    assert!(matches!(log.record(vec![entry(PersonId::new_v4())]).await, Err(Error::KeyringAway)));
}

async fn the_batch_to_privacy_goes_on_where_it_ended(engine: Engine) {
    let keyring = Keyring::new(&engine.clock);
    let log = AccessLog::new(engine.database::<Migrations>(SERVICE).await, keyring.keys(SERVICE));
    for _ in 0..5 {
        log.record(vec![entry(keyring.person())]).await.unwrap();
    }
    let sequences = async |after, limit| log.after(after, limit).await.unwrap().iter().map(|e| e.sequence).collect::<Vec<_>>();
    assert_eq!(sequences(0, 2).await, [1, 2]);
    assert_eq!(sequences(2, 2).await, [3, 4]);
    assert_eq!(sequences(4, 2).await, [5]);
    assert!(sequences(5, 2).await.is_empty());
}
