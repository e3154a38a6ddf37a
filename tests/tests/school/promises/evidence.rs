//! P27, P34: no record, no data; a record that was altered shows; a purpose that is refused is recorded.

use contract::{Category, Purpose};
use foundation::{PersonId, uuid::Uuid};
use personal_data::access_log;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, QueryOrder, Statement, Value as Bound};
use serde_json::json;
use testkit::{Person, School, school, until};

use super::ties::accessed;
use crate::photographs;

async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql).await.unwrap();
}

/// Signs in and does nothing else: this session has read nothing of its own yet.
async fn fresh_session(school: &School, person: &Person) -> String {
    let body = json!({ "email": person.email, "password": person.password });
    let tokens = school.client.post("/v1/sessions", None, body).await.unwrap().ok();
    tokens["accessToken"].as_str().unwrap().to_owned()
}

#[test]
fn p27_before_anything_is_released_it_is_written_or_nothing_is_released() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        school.enrols(&learner, &course).await;
        let note = format!("Note {}", learner.last_name);
        let work = school.sends_in(&learner, &course, photographs::jpeg("p27"), &note).await;
        let instructor = school.staff("INSTRUCTOR").await;
        let token = fresh_session(&school, &learner).await;
        let work = format!("/v1/teaching/submissions/{work}");
        let calls = [
            ("/v1/me".to_owned(), token.clone()),
            (work.clone(), instructor.access_token.clone()),
            (format!("{work}/original"), instructor.access_token.clone()),
            (format!("{work}/renditions/512"), instructor.access_token.clone()),
            ("/v1/teaching/queue".to_owned(), instructor.access_token.clone()),
        ];

        let (identity, learning) = (school.database("identity").await, school.database("learning").await);
        for db in [&identity, &learning] {
            run(db, "ALTER TABLE access_entry RENAME TO access_entry_away").await;
        }
        for (path, token) in &calls {
            let refused = school.client.get(path, Some(token)).await.unwrap().refused();
            assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (503, "ACCESS_LOG_UNAVAILABLE"), "{path}");
            let body = String::from_utf8_lossy(&refused.body).into_owned();
            assert!(
                ![&learner.first_name, &learner.email, &learner.id, &note].iter().any(|value| body.contains(value.as_str())),
                "{path}: {body}"
            );
        }
        // Nobody signs in unrecorded either.
        let body = json!({ "email": learner.email, "password": learner.password });
        let refused = school.client.post("/v1/sessions", None, body).await.unwrap().refused();
        assert_eq!(refused.reason(), "ACCESS_LOG_UNAVAILABLE");
        assert!(!String::from_utf8_lossy(&refused.body).contains("accessToken"));

        for db in [&identity, &learning] {
            run(db, "ALTER TABLE access_entry_away RENAME TO access_entry").await;
        }
        for (path, token) in &calls {
            school.client.get(path, Some(token)).await.unwrap().ok_bytes();
        }
    });
}

/// The whole chain of a service, as it stands in its database.
#[allow(clippy::disallowed_methods, reason = "somebody with the disk reads past the map")]
async fn chain(db: &DatabaseConnection) -> Vec<access_log::Model> {
    access_log::Entity::find().order_by_asc(access_log::Column::Sequence).all(db).await.unwrap()
}

/// Whether each entry's hash is its own and continues the one before.
fn holds(chain: &[access_log::Model]) -> bool {
    let mut previous = Vec::new();
    chain.iter().all(|entry| {
        let continues = entry.previous_hash == previous && access_log::hash(entry) == entry.hash;
        previous = entry.hash.clone();
        continues
    })
}

/// Writes an entry over the one of its place.
async fn overwrite(db: &DatabaseConnection, entry: &access_log::Model) {
    let set = ["$1", "$2", "$3", "$4"];
    let sql =
        format!("UPDATE access_entry SET decision = {}, previous_hash = {}, hash = {} WHERE sequence = {}", set[0], set[1], set[2], set[3]);
    let values: [Bound; 4] =
        [entry.decision.clone().into(), entry.previous_hash.clone().into(), entry.hash.clone().into(), entry.sequence.into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
}

#[test]
fn p27_evident_is_an_altered_entry_even_when_the_whole_chain_is_forged_anew() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let learner = school.learner().await;
        let wrong = json!({ "email": learner.email, "password": "not the password at all" });
        school.client.post("/v1/sessions", None, wrong).await.unwrap().refused();
        let own = |access: &serde_json::Value| access["service"] == "identity" && access["refused"] == true;
        accessed(&school, &learner, "the refused sign-in with privacy", own).await;

        let db = school.database("identity").await;
        let mut entries = chain(&db).await;
        assert!(holds(&entries), "the chain holds as it was written");
        let at = entries.iter().rposition(|entry| entry.decision != "granted").unwrap();
        // Somebody hides a refusal: the entry's own hash betrays it.
        entries[at].decision = "granted".into();
        overwrite(&db, &entries[at]).await;
        assert!(!holds(&chain(&db).await), "an altered entry breaks the chain");
        // Somebody who knows the code writes every later hash anew: the chain holds by itself again.
        for place in at..entries.len() {
            entries[place].previous_hash = if place == 0 { Vec::new() } else { entries[place - 1].hash.clone() };
            entries[place].hash = access_log::hash(&entries[place]);
            overwrite(&db, &entries[place]).await;
        }
        // But privacy has signed where the chain stood: what follows does not continue it, is not taken, and shows.
        school.signs_in(learner.clone()).await;
        until("the alarm", || async {
            let ready = school.client.get("/readyz", None).await.unwrap();
            let text = String::from_utf8_lossy(&ready.body).into_owned();
            (ready.status == 503 && text.contains("identity") && text.contains("access-log.hand-over")).then_some(())
        })
        .await;
        let log = testkit::markers::find(&school, &["the access log of a service is broken, forked or has a gap".into()]).await;
        assert!(log.contains(&"log".to_owned()));
        // What privacy was given before is untouched: the person still sees the refusal.
        let page = school.client.get("/v1/me/accesses?pageSize=200", Some(&learner.access_token)).await.unwrap().ok();
        assert!(page["accesses"].as_array().unwrap().iter().any(own), "{page}");
    });
}

#[tokio::test]
async fn p34_logged_is_the_refusal_of_a_purpose_that_is_not_declared() {
    let school = school();
    let learner = school.learner().await;
    let person: PersonId = learner.id.parse().unwrap();
    let refused = school.engines().keys("identity").raw(person, Category::Account, Purpose::Publication).await.unwrap_err();
    assert!(matches!(refused, personal_data::Error::Undeclared { .. }), "{refused}");

    // The keyring decides, so it is the keyring that records, under its own handle of the person.
    let db = school.database("keyring").await;
    let backend = db.get_database_backend();
    let sql = "SELECT handle AS h FROM handle WHERE person = $1 AND service = 'keyring'";
    let row = db.query_one_raw(Statement::from_sql_and_values(backend, sql, [Bound::from(person.0)])).await.unwrap();
    let handle: Uuid = row.expect("the keyring has a handle of the person").try_get("", "h").unwrap();
    let entries = chain(&db).await;
    assert!(holds(&entries));
    let entries: Vec<_> = entries.iter().filter(|entry| entry.subject_handle == handle.to_string()).collect();
    let logged = entries.iter().find(|entry| entry.decision == "PURPOSE_NOT_DECLARED");
    let logged = logged.unwrap_or_else(|| panic!("the refusal is in the log: {entries:?}"));
    assert_eq!(logged.actor_role, "service:identity");
    assert!(logged.method.contains("Lease"), "{}", logged.method);
    // And the person sees it.
    accessed(school, &learner, "the refusal in the person's own list", |access| {
        access["service"] == "keyring" && access["who"] == "service:identity" && access["refused"] == true
    })
    .await;
}
