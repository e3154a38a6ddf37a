//! A person's state decides what may be written and read, by the terms of each purpose.

use contract::{Purpose, purpose_terms};
use foundation::PersonId;
use futures::future::join_all;
use personal_data::{
    Db, Error, category,
    keys::Keys,
    person_state::{self, State, bit},
    query,
};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, LetterId, Migrations, SERVICE, letter},
};

on_both_engines!(
    a_state_forbids_by_the_terms_of_each_purpose,
    scoped_reads_leave_out_whom_the_state_forbids,
    what_is_older_changes_nothing_and_erased_is_for_ever,
    a_late_write_after_erasure_is_refused,
    a_write_and_an_erasure_at_once_leave_nothing_behind,
    a_first_meeting_of_many_makes_one_row,
);

const ALL: [Purpose; 11] = [
    Purpose::Account,
    Purpose::Education,
    Purpose::Payment,
    Purpose::Support,
    Purpose::ServiceNotice,
    Purpose::Newsletter,
    Purpose::Publication,
    Purpose::Statistics,
    Purpose::Security,
    Purpose::LegalRetention,
    Purpose::Rights,
];

async fn becomes(db: &Db, person: PersonId, state: State, withdrawn: i64, seen: i64) -> bool {
    let tx = db.begin("test.state").await.unwrap();
    let applied = person_state::apply_in_tx(&tx, person, state, withdrawn, seen).await.unwrap();
    tx.commit().await.unwrap();
    applied
}

async fn is_erased(db: &Db, person: PersonId) {
    let tx = db.begin("test.erase").await.unwrap();
    person_state::erase_in_tx(&tx, person).await.unwrap();
    tx.commit().await.unwrap();
}

async fn writes(db: &Db, keys: &Keys, person: PersonId, body: &str) -> Result<LetterId, Error> {
    let key = keys.of::<category::Account>(person, Purpose::Account).await?;
    let row = rows::a_letter(&key, body);
    let tx = db.begin_for("test.write", person, Purpose::Education).await?;
    let id = row.id;
    tx.insert::<letter::Entity>(row).await?;
    tx.commit().await?;
    Ok(id)
}

/// What the terms of the contract say, in the words of this crate's errors.
fn expected(state: State, withdrawn: i64, purpose: Purpose) -> &'static str {
    let terms = purpose_terms(purpose);
    match state {
        State::Erased => "erased",
        State::Restricted if !terms.survives_restriction => "restricted",
        _ if withdrawn & bit(purpose) != 0 && !terms.survives_withdrawal => "withdrawn",
        _ => "admitted",
    }
}

async fn a_state_forbids_by_the_terms_of_each_purpose(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let everything = ALL.iter().map(|purpose| bit(*purpose)).sum::<i64>();
    for state in [State::Active, State::Restricted, State::Erased] {
        for withdrawn in [0, bit(Purpose::Newsletter), everything] {
            let person = PersonId::new_v4();
            assert!(becomes(&db, person, state, withdrawn, 1).await);
            assert_eq!(person_state::of(&db, person).await.unwrap(), state);
            for purpose in ALL {
                let answer = match db.begin_for("test.admit", person, purpose).await {
                    Ok(_) => "admitted",
                    Err(Error::Erased) => "erased",
                    Err(Error::Restricted) => "restricted",
                    Err(Error::Withdrawn(which)) if which == purpose => "withdrawn",
                    Err(other) => panic!("{other:?}"),
                };
                assert_eq!(answer, expected(state, withdrawn, purpose), "{state:?}, {withdrawn:b}, {purpose:?}");
            }
        }
    }
    // Not only by agreement with the terms: some of it in plain words.
    let restricted = PersonId::new_v4();
    becomes(&db, restricted, State::Restricted, bit(Purpose::Newsletter), 1).await;
    assert!(matches!(db.begin_for("test.admit", restricted, Purpose::Education).await, Err(Error::Restricted)));
    assert!(db.begin_for("test.admit", restricted, Purpose::Rights).await.is_ok());
    assert!(db.begin_for("test.admit", restricted, Purpose::Account).await.is_ok());
    assert!(becomes(&db, restricted, State::Active, bit(Purpose::Newsletter), 2).await);
    assert!(matches!(db.begin_for("test.admit", restricted, Purpose::Newsletter).await, Err(Error::Withdrawn(_))));
    assert!(db.begin_for("test.admit", restricted, Purpose::Education).await.is_ok());
}

async fn scoped_reads_leave_out_whom_the_state_forbids(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    let mut letters = Vec::new();
    for (state, withdrawn) in [(State::Active, 0), (State::Restricted, 0), (State::Erased, 0), (State::Active, bit(Purpose::Newsletter))] {
        let person = keyring.person();
        let id = writes(&db, &keys, person, "x").await.unwrap();
        becomes(&db, person, state, withdrawn, 1).await;
        letters.push((person, id, state, withdrawn));
    }
    // Somebody of whom no state was ever told.
    let unknown = keyring.person();
    let key = keys.of::<category::Account>(unknown, Purpose::Account).await.unwrap();
    let row = rows::a_letter(&key, "x");
    letters.push((unknown, row.id, State::Active, 0));
    let tx = db.begin_for("test.write", unknown, Purpose::Account).await.unwrap();
    tx.insert::<letter::Entity>(row).await.unwrap();
    tx.commit().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&db, "DELETE FROM person_state WHERE seen = 0").await.unwrap();

    for purpose in ALL {
        let mut across: Vec<_> =
            query::across::<letter::Entity>(purpose).all(&db).await.unwrap().into_iter().map(|letter| letter.id).collect();
        let mut visible = Vec::new();
        for (person, id, state, withdrawn) in &letters {
            let may = expected(*state, *withdrawn, purpose) == "admitted";
            if may {
                visible.push(*id);
            }
            let of: Vec<_> = query::of::<letter::Entity>(*person, purpose).all(&db).await.unwrap();
            assert_eq!(
                of.iter().map(|letter| letter.id).collect::<Vec<_>>(),
                if may { vec![*id] } else { vec![] },
                "{state:?} {purpose:?}"
            );
            assert_eq!(query::by_key::<letter::Entity>(*id, purpose).one(&db).await.unwrap().is_some(), may, "{state:?} {purpose:?}");
        }
        across.sort();
        visible.sort();
        assert_eq!(across, visible, "{purpose:?}");
    }
}

async fn what_is_older_changes_nothing_and_erased_is_for_ever(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let person = PersonId::new_v4();
    assert!(becomes(&db, person, State::Restricted, 0, 5).await);
    assert!(!becomes(&db, person, State::Active, 0, 5).await, "the same version is no news");
    assert!(!becomes(&db, person, State::Active, 0, 4).await);
    assert_eq!(person_state::of(&db, person).await.unwrap(), State::Restricted);
    assert!(becomes(&db, person, State::Active, 0, 6).await);

    is_erased(&db, person).await;
    is_erased(&db, person).await;
    assert!(!becomes(&db, person, State::Active, 0, 100).await);
    assert_eq!(person_state::of(&db, person).await.unwrap(), State::Erased);
}

async fn a_late_write_after_erasure_is_refused(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    let person = keyring.person();
    writes(&db, &keys, person, "before").await.unwrap();
    is_erased(&db, person).await;

    // The key is still on loan: it is the state that refuses.
    assert!(matches!(writes(&db, &keys, person, "after").await, Err(Error::Erased)));
    for purpose in ALL {
        assert!(matches!(db.begin_for("test.late", person, purpose).await, Err(Error::Erased)), "{purpose:?}");
    }
}

async fn a_write_and_an_erasure_at_once_leave_nothing_behind(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let keyring = Keyring::new(&engine.clock);
    let keys = keyring.keys(SERVICE);
    for round in 0..6 {
        let person = keyring.person();
        let writers = join_all((0..8).map(|_| {
            let (db, keys) = (db.clone(), keys.clone());
            tokio::spawn(async move {
                match writes(&db, &keys, person, "at the same time").await {
                    Ok(_) | Err(Error::Erased) => {}
                    Err(other) => panic!("{other:?}"),
                }
            })
        }));
        let eraser = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            let tx = db.begin("test.erase").await.unwrap();
            rows::holds().erase_in_tx(&tx, person, &[]).await.unwrap();
            tx.commit().await.unwrap();
        };
        let (written, ()) = tokio::join!(writers, eraser);
        written.into_iter().for_each(Result::unwrap);
        assert_eq!(number(&db, "SELECT count(*) FROM letter").await, 0, "round {round}");
    }
}

async fn a_first_meeting_of_many_makes_one_row(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let person = PersonId::new_v4();
    join_all((0..12).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { db.begin_for("test.meet", person, Purpose::Account).await.unwrap().commit().await.unwrap() })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
    assert_eq!(number(&db, "SELECT count(*) FROM person_state").await, 1);
}
