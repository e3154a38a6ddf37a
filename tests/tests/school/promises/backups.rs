//! P29: backups on another store, restored in a drill; whoever is erased stays erased after a restore.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use backup::{Ask, Progress, Shown, quietly};
use foundation::uuid::Uuid;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::Value;
use testkit::{Folder, Person, Safe, School, markers, until};
use tokio::runtime::Runtime;

use super::erasure::{done, order};

const HOLDERS: [&str; 5] = ["identity", "learning", "payment", "communication", "privacy"];

async fn count(db: &DatabaseConnection, sql: &str, person: &str) -> i64 {
    let person: Uuid = person.parse().unwrap();
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Sqlite { sql.replace("$1", "?") } else { sql.to_owned() };
    let row = db.query_one_raw(Statement::from_sql_and_values(backend, sql, [person.into()])).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

const ACCOUNTS: &str = "SELECT count(*) FROM account WHERE person = $1";
const KEYS: &str = "SELECT count(*) FROM person_key WHERE person = $1 AND wrapped IS NOT NULL";
const TOMBSTONES: &str = "SELECT count(*) FROM person_state WHERE person = $1 AND state = 2";

async fn sign_in(school: &School, person: &Person) -> testkit::Answer {
    let body = serde_json::json!({ "email": person.email, "password": person.password });
    school.client.post("/v1/sessions", None, body).await.unwrap()
}

#[test]
fn p29_erased_people_stay_erased_after_a_restore() {
    let runtime = Runtime::new().unwrap();
    let safe = Safe::new(&[]);
    let school = School::start(&safe.settings());
    let (gone, stays, taken) = runtime.block_on(async {
        let (gone, stays) = (school.learner().await, school.learner().await);
        let course = school.course().await;
        school.enrols(&gone, &course).await;
        let taken = safe.take(&school, &quietly()).await;

        // Erased after the backup: the receipt says until when it holds them, by the catalogue.
        let erasure = order(&school, &gone.access_token).await;
        let receipt = done(&school, erasure["receiptToken"].as_str().unwrap()).await;
        let document: Value = serde_json::from_str(receipt["document"].as_str().unwrap()).unwrap();
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(document["gone_from_backups_by"], taken.data.expires_at.plus(day).to_string(), "expiry and the pruning after it");
        (gone, stays, taken)
    });
    drop(school.stop());

    // The disk is lost. The backup has them still.
    let mut folder = Folder::fresh();
    runtime.block_on(async {
        let record = safe.restore(&mut folder, &safe.ask()).await.unwrap();
        assert_eq!((record.backup, record.replayed), (taken.data.id, false));
        for person in [&gone.id, &stays.id] {
            assert_eq!(count(&safe.database(&mut folder, "identity").await, ACCOUNTS, person).await, 1, "the control");
            assert_eq!(count(&safe.database(&mut folder, "keyring").await, KEYS, person).await, 1, "the control");
        }
    });

    let school = School::start_in(folder, &safe.settings());
    runtime.block_on(async {
        assert_eq!(count(&school.database("identity").await, ACCOUNTS, &gone.id).await, 0, "gone before the school was ready");
        assert_eq!(count(&school.database("keyring").await, KEYS, &gone.id).await, 0, "and the key with them");
        for holder in HOLDERS {
            assert_eq!(count(&school.database(holder).await, TOMBSTONES, &gone.id).await, 1, "{holder} knows them as erased");
        }
        assert!(!sign_in(&school, &gone).await.status.is_success());
        assert!(!school.client.get("/v1/me", Some(&gone.access_token)).await.unwrap().status.is_success(), "nor does an old token");
        let personal = [&gone.first_name, &gone.last_name, &gone.email, &gone.phone].map(Clone::clone);
        assert_eq!(markers::find(&school, &personal).await, Vec::<String>::new());
        // Everybody else goes on, with what they had.
        let stays = school.signs_in(stays.clone()).await;
        let me = school.client.get("/v1/me", Some(&stays.access_token)).await.unwrap().ok();
        assert_eq!(me["email"], stays.email.as_str());
        assert!(backup::last_restore(&school.data()).unwrap().unwrap().replayed);
        let ledger = safe.of(&school).backups.ledger().unwrap().erased().await.unwrap();
        assert_eq!(ledger.iter().filter(|person| person.to_string() == gone.id).count(), 1);
    });
}

#[test]
fn p29_backups_are_scheduled_encrypted_elsewhere_and_restored_in_a_drill() {
    let runtime = Runtime::new().unwrap();
    let safe = Safe::new(&[("KOLSAI__BACKUP__EVERY_HOURS", "24")]);
    let school = School::start(&safe.settings());
    runtime.block_on(async {
        let learner = school.learner().await;
        let own = safe.of(&school);
        let standing = async || own.backups.standing(&own.config, school.engines().clock().now()).await.unwrap();
        let first = until("the first backup", || async { standing().await.last }).await;
        school.advance(Duration::from_secs(25 * 3600));
        let last = until("the next backup", || async { standing().await.last.filter(|entry| entry.id != first.id) }).await;
        assert_eq!(last.parts.len(), 7, "six services and the objects");
        assert!(last.parts.iter().filter(|part| part.service != "objects").all(|part| part.map_hash.is_some()), "with the map they follow");

        let stored: Vec<_> = walk(safe.path()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "age")).collect();
        assert!(stored.iter().any(|path| path.starts_with(safe.path().join("keyring"))), "the keyring is apart");
        let personal = [&learner.id, &learner.email, &learner.first_name].map(|marker| marker.as_bytes().to_vec());
        for path in stored {
            assert!(!path.starts_with(school.data()));
            let bytes = std::fs::read(&path).unwrap();
            assert!(bytes.starts_with(b"age-encryption.org/v1"), "{}", path.display());
            assert!(!personal.iter().any(|marker| bytes.windows(marker.len()).any(|window| window == *marker)), "{}", path.display());
        }

        let drilled = backup::drill(&own.config, &own.backups, &own.around, &safe.ask(), &quietly()).await.unwrap();
        assert_eq!(drilled.parts.len(), 9, "and the keyring and the key files: {drilled:?}");
        assert!(own.backups.last_drill().await.unwrap().is_some());
        // The keyring's key opens no data, and the other way round.
        let wrong = Ask { keys: safe.ask().keyring_keys, ..safe.ask() };
        let refused = backup::drill(&own.config, &own.backups, &own.around, &wrong, &quietly()).await.unwrap_err();
        assert!(matches!(refused, backup::Error::WrongKey { .. }), "{refused}");
    });
}

#[test]
fn p29_backups_of_a_school_at_work_converge_after_the_restore() {
    let runtime = Runtime::new().unwrap();
    let safe = Safe::new(&[]);
    let school = School::start(&safe.settings());
    let (learner, course) = runtime.block_on(async { (school.learner().await, school.course().await) });
    {
        // Between the reading of learning's database and that of payment's, somebody pays and the course opens.
        let (at_learning, mut reached) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let shown: Shown = Arc::new(move |progress: Progress| {
            if progress.part == "learning" && progress.finished {
                let _ = at_learning.send(());
                let _ = wait.lock().unwrap().recv();
            }
        });
        std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(safe.take(&school, &shown)));
            scope.spawn(|| {
                runtime.block_on(async {
                    reached.recv().await;
                    school.enrols(&learner, &course).await;
                });
                go_on.send(()).unwrap();
            });
        });
    }
    drop(school.stop());

    let mut folder = Folder::fresh();
    runtime.block_on(async {
        safe.restore(&mut folder, &safe.ask()).await.unwrap();
        let enrolments = "SELECT count(*) FROM enrolment WHERE learner_id = $1";
        let opened = count(&safe.database(&mut folder, "learning").await, enrolments, &learner.id).await;
        assert_eq!(opened, 0, "the control: paid and not open");
    });
    let school = School::start_in(folder, &safe.settings());
    runtime.block_on(async {
        let learner = school.signs_in(learner.clone()).await;
        school.enrolment(&learner, &course).await;
    });
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
