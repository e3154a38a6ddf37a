//! P19: whoever it is, whatever is under way, and whoever lies about it.

use std::time::Duration;

use foundation::PersonId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};
use testkit::{Person, School, key, markers, school, until};
use uuid::Uuid;

use super::erasure::{done, order};
use crate::{photographs, plans};

/// Tables in which the identifier of somebody erased may stand, as their receipt says it.
fn may_stand(receipt: &Value) -> impl Fn(&str) -> bool {
    let document: Value = serde_json::from_str(receipt["document"].as_str().unwrap()).unwrap();
    let places: Vec<String> = document["remaining"].as_array().unwrap().iter().map(|r| r["place"].as_str().unwrap().to_owned()).collect();
    move |table: &str| {
        let (_, table) = table.split_once('.').unwrap();
        places.iter().any(|place| place.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == table))
    }
}

/// The identifier stands where the receipt says, and nowhere else.
pub async fn stands_where_the_receipt_says(school: &School, person: &str, receipt: &Value) {
    let (may, stands) = (may_stand(receipt), markers::stands(school, person.parse().unwrap()).await);
    assert!(stands.contains("keyring.person_key") && stands.contains("identity.person_state"), "the control: tombstones: {stands:?}");
    let unsaid: Vec<_> = stands.iter().filter(|table| !may(table)).collect();
    assert!(unsaid.is_empty(), "{unsaid:?} hold the identifier, and the receipt does not say so: {receipt}");
}

async fn erased(school: &School, person: &Person) -> Value {
    let erasure = order(school, &person.access_token).await;
    done(school, erasure["receiptToken"].as_str().unwrap()).await
}

async fn state_of(school: &School, token: &str) -> String {
    let receipt = school.client.get(&format!("/v1/receipts/{token}"), None).await.unwrap().ok();
    receipt["state"].as_str().unwrap().to_owned()
}

async fn run(db: &DatabaseConnection, sql: &str) -> u64 {
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().rows_affected()
}

/// As either engine writes an identifier in a statement.
fn literal(db: &DatabaseConnection, id: &str) -> String {
    let id: Uuid = id.parse().unwrap();
    if db.get_database_backend() == DbBackend::Sqlite { format!("X'{}'", id.simple()) } else { format!("'{id}'") }
}

#[tokio::test]
async fn p19_gone_is_an_instructor_and_their_learners_keep_their_answers() {
    let (school, course) = (school(), school().course().await);
    let (learner, instructor) = (school.learner().await, school.learner().await);
    let instructor = school.appoints(instructor, "INSTRUCTOR").await;
    school.enrols(&learner, &course).await;
    let enrolment = school.enrolment(&learner, &course).await;
    school.assigns(enrolment["enrolmentId"].as_str().unwrap(), &instructor).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg("p19"), "mine").await;
    let words = format!("A clear line. {}", key());
    school.answers(&instructor, &learner, &course, &work, &words).await.ok();

    let receipt = erased(school, &instructor).await;

    stands_where_the_receipt_says(school, &instructor.id, &receipt).await;
    let own = [&instructor.first_name, &instructor.last_name, &instructor.email, &instructor.phone].map(Clone::clone);
    assert_eq!(markers::find(school, &own).await, Vec::<String>::new());
    // What they wrote is the learner's, and stays; that it was they is forgotten.
    let mine = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(mine["feedback"][0]["text"], words.as_str());
    // And somebody else is the learner's instructor in their place.
    until("another instructor for the learner", || async {
        let enrolment = school.enrolment(&learner, &course).await;
        (enrolment["hasInstructor"] == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn p19_gone_is_an_agent_and_the_ticket_waits_for_another() {
    let (school, learner) = (school(), school().learner().await);
    let agent = school.learner().await;
    let agent = school.appoints(agent, "SUPPORT").await;
    let ask = json!({ "topic": "QUESTION", "text": "Which lens?", "idempotencyKey": key() });
    let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
    let place = format!("/v1/support/tickets/{}", ticket["ticketId"].as_str().unwrap());
    school.client.post(&format!("{place}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    let answer = |text: &str| json!({ "text": text, "idempotencyKey": key() });
    school.client.post(&format!("{place}/answers"), Some(&agent.access_token), answer("A wide one.")).await.unwrap().ok();

    let receipt = erased(school, &agent).await;

    stands_where_the_receipt_says(school, &agent.id, &receipt).await;
    let other = school.staff("SUPPORT").await;
    school.client.post(&format!("{place}:take"), Some(&other.access_token), json!({})).await.unwrap().ok();
    let read = school.client.get(&place, Some(&other.access_token)).await.unwrap().ok();
    assert!(read.to_string().contains("A wide one."), "what was answered is there: {read}");
    school.client.post(&format!("{place}/answers"), Some(&other.access_token), answer("Or a long one.")).await.unwrap().ok();
}

#[tokio::test]
async fn p19_gone_stays_gone_when_events_come_late() {
    let (school, course) = (school(), school().course().await);
    let learner = school.learner().await;
    school.enrols(&learner, &course).await;
    let receipt = erased(school, &learner).await;
    stands_where_the_receipt_says(school, &learner.id, &receipt).await;

    // Everything that was ever announced about the person comes once more, as something that nobody has had before.
    let mut again = 0;
    for service in ["identity", "payment", "learning"] {
        let db = school.database(service).await;
        let about = match db.get_database_backend() {
            DbBackend::Sqlite => format!("instr(payload, CAST('{}' AS BLOB)) > 0", learner.id),
            _ => format!("position('{}'::bytea in payload) > 0", learner.id),
        };
        let id = if db.get_database_backend() == DbBackend::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        again += run(
            &db,
            &format!(
                "INSERT INTO outbox (id, kind, payload, traceparent, at, published_at, attempts, due_at, version) \
                 SELECT {id}, kind, payload, 'late', at, NULL, 0, 0, 0 FROM outbox WHERE {about}"
            ),
        )
        .await;
        until("the late events to be taken", || async {
            let sql = "SELECT count(*) AS n FROM outbox WHERE traceparent = 'late' AND published_at IS NULL";
            let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.ok()??;
            (row.try_get::<i64>("", "n").ok()? == 0).then_some(())
        })
        .await;
        db.close().await.unwrap();
    }
    assert!(again >= 4, "an account, an order and an enrolment were announced: {again}");
    stands_where_the_receipt_says(school, &learner.id, &receipt).await;
    let mail = school.mail.to(&learner.email);
    assert!(mail.is_empty(), "nothing was written to them again: {mail:?}");
}

/// The second witness: a row that a holder's map does not see is seen by the scan, and the erasure is not done until it is gone.
#[tokio::test]
async fn p19_receipt_is_not_signed_while_a_holder_leaves_something_out() {
    let (school, learner) = (school(), school().learner().await);
    let db = school.database("learning").await;
    let planted = Uuid::new_v4();
    let insert = format!(
        "INSERT INTO delivery (id, event_id, reaction, outcome, at) VALUES ({}, {}, '{}', 'done', 9000000000000000)",
        literal(&db, &planted.to_string()),
        literal(&db, &planted.to_string()),
        learner.id
    );
    run(&db, &insert).await;
    let erasure = order(school, &learner.access_token).await;
    let token = erasure["receiptToken"].as_str().unwrap();
    until("the contradiction", || async { (state_of(school, token).await == "CONTRADICTED").then_some(()) }).await;

    // No reason explains it away: the round that the officer orders finds it again.
    let officer = school.staff("PRIVACY_OFFICER").await;
    let resume = format!("/v1/officer/erasures/{}:resume", erasure["requestId"].as_str().unwrap());
    let reason = |reason: &str| json!({ "reason": reason });
    school.client.post(&resume, Some(&officer.access_token), reason("It was said to be nothing")).await.unwrap().ok();
    until("the contradiction once more", || async { (state_of(school, token).await == "CONTRADICTED").then_some(()) }).await;
    run(&db, &format!("DELETE FROM delivery WHERE id = {}", literal(&db, &planted.to_string()))).await;
    school.client.post(&resume, Some(&officer.access_token), reason("The stray row is deleted by hand")).await.unwrap().ok();
    let receipt = done(school, token).await;
    stands_where_the_receipt_says(school, &learner.id, &receipt).await;
}

/// An order waits for the copy that was asked for before it, and for nothing once that is past its term or not wanted.
#[test]
fn p19_gone_waits_for_the_copy_that_was_asked_for_first() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let db = school.database("privacy").await;
        let open = async |person: &Person| {
            let now = school.engines().clock().now();
            let due = now.plus(Duration::from_secs(3 * 24 * 3600));
            let (id, owner) = (literal(&db, &Uuid::new_v4().to_string()), literal(&db, &person.id));
            let columns = "id, person, received_at, due_at, done_at, version";
            run(&db, &format!("INSERT INTO copy_request ({columns}) VALUES ({id}, {owner}, {}, {}, NULL, 0)", now.micros(), due.micros()))
                .await;
        };
        let (first, second, third) = (school.learner().await, school.learner().await, school.learner().await);
        for person in [&first, &second, &third] {
            open(person).await;
        }
        let waiting = order(&school, &first.access_token).await;
        let token = waiting["receiptToken"].as_str().unwrap();
        assert_eq!(state_of(&school, token).await, "WAITING");
        // The account is as it was: the copy is fetched, and then the order acts by itself.
        school.copy(&first).await;
        done(&school, token).await;

        let waiting = order(&school, &second.access_token).await;
        let token = waiting["receiptToken"].as_str().unwrap();
        assert_eq!(state_of(&school, token).await, "WAITING");
        let body = json!({ "idempotencyKey": key(), "withoutCopy": true });
        let again = school.client.post("/v1/me/erasure", Some(&second.access_token), body).await.unwrap().ok();
        assert_eq!(again["requestId"], waiting["requestId"], "a second order is the same erasure");
        done(&school, token).await;

        let waiting = order(&school, &third.access_token).await;
        let token = waiting["receiptToken"].as_str().unwrap();
        assert_eq!(state_of(&school, token).await, "WAITING");
        school.advance(Duration::from_secs(3 * 24 * 3600 + 1));
        done(&school, token).await;
    });
}

/// Days of grace are a setting; without them an order acts at once, as all other tests show.
#[test]
fn p19_gone_after_the_days_of_grace_and_not_when_it_is_taken_back() {
    let school = School::start(&[("KOLSAI__PRIVACY__ERASURE_GRACE_DAYS", "2")]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (learner, other) = (school.learner().await, school.learner().await);
        let cancels = async |who: &Person, request: &Value| {
            school.client.post("/v1/me/erasure:cancel", Some(&who.access_token), json!({ "requestId": request })).await.unwrap()
        };
        let first = order(&school, &learner.access_token).await;
        let token = first["receiptToken"].as_str().unwrap();
        assert_eq!(state_of(&school, token).await, "WAITING");
        let mine = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
        assert!(mine["requests"].as_array().unwrap().iter().any(|request| request["requestId"] == first["requestId"]), "{mine}");
        assert_eq!(cancels(&other, &first["requestId"]).await.refused().reason(), "NO_SUCH_REQUEST", "only whose it is");
        for _ in 0..2 {
            cancels(&learner, &first["requestId"]).await.ok();
        }
        assert_eq!(state_of(&school, token).await, "CANCELLED");

        let second = order(&school, &learner.access_token).await;
        assert_ne!(second["requestId"], first["requestId"]);
        let token = second["receiptToken"].as_str().unwrap();
        assert_eq!(state_of(&school, token).await, "WAITING");
        school.advance(Duration::from_secs(2 * 24 * 3600 - 600));
        // The account is as it was until then.
        let learner = school.signs_in(learner).await;
        assert_eq!(state_of(&school, token).await, "WAITING");
        school.advance(Duration::from_secs(601));
        let receipt = done(&school, token).await;
        stands_where_the_receipt_says(&school, &learner.id, &receipt).await;
        assert_eq!(state_of(&school, first["receiptToken"].as_str().unwrap()).await, "CANCELLED");
    });
}

/// An erasure costs the same however many people there are: each of its statements goes through an index, in every service.
#[tokio::test]
async fn p19_gone_takes_no_longer_as_people_grow() {
    let (school, somebody) = (school(), PersonId::new_v4());
    for holds in testkit::holds() {
        let db = school.database(holds.service()).await;
        let statements = holds.erasing(&db, somebody).await.unwrap();
        assert!(statements.len() > 20, "{}", holds.service());
        let tx = db.begin().await.unwrap();
        assert_eq!(plans::not_by_index(&tx, statements).await, Vec::<String>::new(), "{}", holds.service());
        tx.rollback().await.unwrap();
        db.close().await.unwrap();
    }
}
