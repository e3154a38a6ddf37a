//! P01: what is published as the term of a class is what happens to it, without anybody asking.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use testkit::{Person, School, until};

use super::{learning::complete, mail::subscribes};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Rows of one person in a table, as somebody with the disk counts them.
async fn held(school: &School, service: &str, table: &str, owner: &str, person: &Person) -> i64 {
    let id = uuid::Uuid::parse_str(&person.id).unwrap();
    let db = school.database(service).await;
    let literal = if db.get_database_backend() == DbBackend::Sqlite { format!("X'{}'", id.simple()) } else { format!("'{id}'") };
    let n = count(&db, &format!(r#"SELECT count(*) AS n FROM "{table}" WHERE "{owner}" = {literal}"#)).await;
    db.close().await.unwrap();
    n
}

async fn count(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

async fn gone(school: &School, service: &str, table: &str, owner: &str, person: &Person) {
    until(&format!("{service}.{table} to expire"), || async { (held(school, service, table, owner, person).await == 0).then_some(()) })
        .await;
}

async fn closes(school: &School, person: &Person) {
    let closed = school.client.post("/v1/me:close", Some(&person.access_token), json!({})).await.unwrap().ok();
    assert!(closed["reopensUntil"].is_string(), "{closed}");
    let late = school.client.get("/v1/me", Some(&person.access_token)).await.unwrap().refused();
    assert_eq!(late.status, 401, "no token outlives the account that it opens");
}

#[test]
fn p01_fields_expire_after_the_terms_that_they_state_and_not_before() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(terms(&school));
}

async fn terms(school: &School) {
    let course = school.course().await;
    let (leaves, returns) = (school.learner().await, school.learner().await);
    school.enrols(&leaves, &course).await;
    complete(school, &leaves, &course.lessons[0]).await;
    subscribes(school, &returns).await;
    school.client.delete("/v1/me/newsletter", Some(&returns.access_token)).await.unwrap().ok();
    closes(school, &leaves).await;
    closes(school, &returns).await;
    let inbox = school.database("learning").await;
    assert!(count(&inbox, "SELECT count(*) AS n FROM inbox").await > 0);

    // Sessions end with the account, links a week after their end, the inbox forgets in a month; nothing else has gone.
    school.advance(29 * DAY);
    let returns = school.signs_in(returns).await;
    gone(school, "identity", "link", "person", &leaves).await;
    assert_eq!(held(school, "identity", "account", "person", &leaves).await, 1, "it may be taken up again for thirty days");

    school.advance(2 * DAY);
    for table in ["account", "credential", "relation", "session"] {
        gone(school, "identity", table, "person", &leaves).await;
    }
    assert_eq!(held(school, "identity", "account", "person", &returns).await, 1, "whoever came back stays");
    until("the inbox to forget", || async {
        (count(&inbox, &format!("SELECT count(*) AS n FROM inbox WHERE at < {}", month_ago(school))).await == 0).then_some(())
    })
    .await;
    let unknown = json!({ "email": leaves.email, "password": leaves.password });
    assert_eq!(school.client.post("/v1/sessions", None, unknown).await.unwrap().refused().reason(), "WRONG_CREDENTIALS");
    for (service, table, owner) in [("learning", "lesson_progress", "learner_id"), ("payment", "course_order", "person_id")] {
        assert_eq!(held(school, service, table, owner, &leaves).await, 1, "{table}: three years after the relation");
    }

    // Mails a year after they were written, with their files.
    assert!(held(school, "communication", "mail", "person", &leaves).await > 0 && !school.mail.to(&leaves.email).is_empty());
    school.advance(366 * DAY);
    gone(school, "communication", "mail", "person", &leaves).await;
    until("the files of mails to go", || async { school.mail.to(&leaves.email).is_empty().then_some(()) }).await;

    // Three years after the relation, and after the newsletter ended; what tax law keeps stays.
    assert_eq!(held(school, "communication", "subscription", "person", &returns).await, 1);
    school.advance(2 * 366 * DAY);
    for (service, table, owner) in [
        ("learning", "lesson_progress", "learner_id"),
        ("learning", "enrolment", "learner_id"),
        ("payment", "course_order", "person_id"),
        ("payment", "ledger_entry", "person_id"),
        ("privacy", "consent", "person"),
    ] {
        gone(school, service, table, owner, &leaves).await;
    }
    gone(school, "communication", "subscription", "person", &returns).await;
    assert_eq!(held(school, "payment", "tax_receipt", "person_id", &leaves).await, 1);
    inbox.close().await.unwrap();
}

fn month_ago(school: &School) -> i64 {
    school.engines().clock().now().minus(30 * DAY).micros()
}

#[test]
fn p01_fields_of_somebody_who_stays_away_for_years_are_not_kept_for_ever() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (away, here) = (school.learner().await, school.learner().await);
        school.advance(2 * 365 * DAY);
        let here = school.signs_in(here).await;
        school.advance(367 * DAY);
        // Neither before the advance nor after: thirty days are counted from here.
        until("the relation to end", || async {
            let id = uuid::Uuid::parse_str(&away.id).unwrap();
            let db = school.database("identity").await;
            let owner = if db.get_database_backend() == DbBackend::Sqlite { format!("X'{}'", id.simple()) } else { format!("'{id}'") };
            let ended = format!("SELECT count(*) AS n FROM relation WHERE person = {owner} AND ended_at IS NOT NULL");
            let n = count(&db, &ended).await;
            db.close().await.unwrap();
            (n == 1).then_some(())
        })
        .await;
        assert_eq!(held(&school, "identity", "account", "person", &away).await, 1, "it may be taken up again for thirty days");
        school.advance(31 * DAY);
        gone(&school, "identity", "account", "person", &away).await;
        school.signs_in(here).await;
    });
}
