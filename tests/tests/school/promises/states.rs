//! P20, P21: restriction stops every use, is lifted only after its person was told, and consent ends purpose by purpose, at once.

use contract::{Category, Purpose};
use foundation::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value as Sql};
use serde_json::{Value, json};
use testkit::{Course, Person, School, key, school, until};
use uuid::Uuid;

use super::learning::{complete, take};
use crate::photographs;

pub async fn asks(school: &School, person: &Person, path: &str, body: Value) -> Value {
    school.client.post(path, Some(&person.access_token), body).await.unwrap().ok()
}

pub async fn restricts(school: &School, person: &Person) -> Value {
    asks(school, person, "/v1/me/restriction", json!({})).await
}

pub async fn withdraws(school: &School, person: &Person, purpose: &str) -> Value {
    asks(school, person, "/v1/me/withdrawals", json!({ "purpose": purpose })).await
}

/// The request as its person sees it, once `ready` finds what it waits for.
pub async fn request(school: &School, person: &Person, asked: &Value, what: &str, ready: impl Fn(&Value) -> bool) -> Value {
    until(what, || async {
        let mine = school.client.get("/v1/me/requests", Some(&person.access_token)).await.ok()?.ok();
        let found = mine["requests"].as_array()?.iter().find(|request| request["requestId"] == asked["requestId"])?.clone();
        ready(&found).then_some(found)
    })
    .await
}

pub async fn in_force(school: &School, person: &Person, asked: &Value) -> Value {
    request(school, person, asked, "the request to be in force", |request| request["inForceAt"].is_string()).await
}

pub async fn told(school: &School, person: &Person, asked: &Value) -> Value {
    request(school, person, asked, "the person to be told", |request| request["toldAt"].is_string()).await
}

fn time(value: &Value) -> Timestamp {
    let time: prost_types::Timestamp = value.as_str().unwrap().parse().unwrap();
    Timestamp::from_proto(&time)
}

async fn refusal(school: &School, person: &Person, path: &str, body: Option<Value>) -> String {
    let token = Some(person.access_token.as_str());
    let answer = match body {
        Some(body) => school.client.post(path, token, body).await,
        None => school.client.get(path, token).await,
    };
    answer.unwrap().refused().reason()
}

/// How many rows of this person a table has: what only somebody with the disk can count.
async fn rows(db: &DatabaseConnection, sql: &str, person: &Person) -> i64 {
    let id: Uuid = person.id.parse().unwrap();
    let sql = match db.get_database_backend() {
        sea_orm::DbBackend::Sqlite => sql.replace("$1", "?1"),
        _ => sql.to_owned(),
    };
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [Sql::from(id)]);
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// A learner of a paid course, with a work sent in and a lesson completed.
async fn at_work(school: &School) -> (Person, Course, String) {
    let (course, learner) = (school.course().await, school.learner().await);
    school.enrols(&learner, &course).await;
    complete(school, &learner, &course.lessons[0]).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg("states"), "Before the storm").await;
    (learner, course, work)
}

#[tokio::test]
async fn p20_stops_every_use_but_the_persons_own() {
    let school = school();
    let (learner, course, work) = at_work(school).await;
    let instructor = school.staff("INSTRUCTOR").await;
    let review = format!("/v1/teaching/submissions/{work}");
    school.client.get(&review, Some(&instructor.access_token)).await.unwrap().ok();
    let asked = restricts(school, &learner).await;
    assert_eq!(asked["kind"], "RESTRICTION");
    assert!(time(&asked["dueAt"]) > time(&asked["receivedAt"]), "it has a clock: {asked}");
    let done = in_force(school, &learner, &asked).await;
    assert!(time(&done["inForceAt"]) >= time(&done["receivedAt"]), "recorded, then in force: {done}");
    assert_eq!(done["doneAt"], done["inForceAt"]);
    // Told at the second of both times, by a mail that reaches the restricted.
    let done = told(school, &learner, &asked).await;
    assert!(time(&done["toldAt"]) >= time(&done["inForceAt"]), "{done}");
    school.mail.find(&learner.email, "the notice", |mail| mail.contains("The use of your data is restricted").then_some(())).await;

    // Staff: refused in words, and the work is in no queue.
    for path in [review.clone(), format!("{review}/original"), format!("{review}/renditions/512")] {
        assert_eq!(refusal(school, &instructor, &path, None).await, "PROCESSING_RESTRICTED", "{path}");
    }
    until("the refusal in the log", || async {
        let mine = school.client.get("/v1/me/accesses?pageSize=200", Some(&learner.access_token)).await.ok()?.ok();
        let refused = |access: &&Value| access["refused"] == true && access["reason"] == "PROCESSING_RESTRICTED";
        mine["accesses"].as_array()?.iter().find(refused).map(|_| ())
    })
    .await;
    let answered = school.answers(&instructor, &learner, &course, &work, "Well seen.").await.refused();
    assert_eq!(answered.reason(), "PROCESSING_RESTRICTED");
    let queue = school.client.get("/v1/teaching/queue?pageSize=100", Some(&instructor.access_token)).await.unwrap().ok();
    assert!(!queue.to_string().contains(&work), "{queue}");
    let enrolment = school.enrolment(&learner, &course).await;
    let admin = school.staff("ADMINISTRATOR").await;
    let assign = format!("/v1/teaching/enrolments/{}:assign", enrolment["enrolmentId"].as_str().unwrap());
    assert_eq!(refusal(school, &admin, &assign, Some(json!({ "instructorId": instructor.id }))).await, "PROCESSING_RESTRICTED");

    // The person changes nothing that would be a use,
    for (path, body) in [
        (format!("/v1/lessons/{}:complete", course.lessons[1]), json!({})),
        (format!("/v1/tests/{}/attempts", course.tests[0]), json!({ "answers": [], "idempotencyKey": key() })),
        ("/v1/uploads".into(), json!({ "assignmentId": course.assignment, "sizeBytes": "10", "idempotencyKey": key() })),
        ("/v1/orders".into(), json!({ "courseId": course.id, "idempotencyKey": key() })),
        ("/v1/tickets".into(), json!({ "topic": "QUESTION", "text": "Why?", "idempotencyKey": key() })),
    ] {
        assert_eq!(refusal(school, &learner, &path, Some(body)).await, "PROCESSING_RESTRICTED", "{path}");
    }
    until("the person's own refusals in the log", || async {
        let mine = school.client.get("/v1/me/accesses?pageSize=200", Some(&learner.access_token)).await.ok()?.ok();
        let of_own = |method: &str| {
            mine["accesses"].as_array().is_some_and(|all| {
                let own = |access: &&Value| access["who"] == "you" && access["method"].as_str().is_some_and(|name| name.ends_with(method));
                all.iter().filter(own).any(|access| access["refused"] == true && access["reason"] == "PROCESSING_RESTRICTED")
            })
        };
        ["CompleteLesson", "CreateOrder", "OpenTicket"].iter().all(|method| of_own(method)).then_some(())
    })
    .await;
    // no key is lent for anything but account, rights and law,
    let person = learner.id.parse().unwrap();
    for service in ["learning", "communication"] {
        let category = if service == "learning" { Category::Learning } else { Category::Communication };
        let purpose = if service == "learning" { Purpose::Education } else { Purpose::Support };
        let lent = school.engines().keys(service).raw(person, category, purpose).await;
        assert!(matches!(lent, Err(personal_data::Error::Restricted)), "{service}");
    }
    // and nothing of theirs is counted: what waits in the pool waits.
    let told = school.engines().clock().now();
    let learning = school.database("learning").await;
    assert_eq!(rows(&learning, "SELECT count(*) AS n FROM fact_learner WHERE learner_id = $1", &learner).await, 1, "held at {told}");

    // Storage, sign-in, what is theirs, and their rights go on.
    let learner = school.signs_in(learner).await;
    let mine = school.client.get("/v1/me/submissions", Some(&learner.access_token)).await.unwrap().ok();
    assert!(mine.to_string().contains(&work), "{mine}");
    let own = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(own["note"], "Before the storm", "sealed values open for their owner: {own}");
    school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().ok();
    let state = school.client.get("/v1/me/processing", Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(state["restricted"], true);
    // Asking again changes nothing.
    assert_eq!(restricts(school, &learner).await["requestId"], asked["requestId"]);
}

#[tokio::test]
async fn p20_stops_the_newsletter_and_statistics_hold_what_waits() {
    let school = school();
    let learner = school.learner().await;
    subscribes(school, &learner).await;
    in_force(school, &learner, &restricts(school, &learner).await).await;
    let other = school.learner().await;
    subscribes(school, &other).await;
    let subject = issue(school).await;
    school.mail.find(&other.email, "the issue of somebody else", |mail| mail.contains(&subject).then_some(())).await;
    let communication = school.database("communication").await;
    let queued = "SELECT count(*) AS n FROM mail WHERE person = $1 AND kind = 100";
    assert_eq!(rows(&communication, queued, &learner).await, 0, "none was even queued");
    assert!(!school.mail.to(&learner.email).iter().any(|mail| mail.contains(&subject)));
}

#[tokio::test]
async fn p20_lifting_tells_first_and_what_was_held_happens_once() {
    let school = school();
    let (learner, course, work) = at_work(school).await;
    in_force(school, &learner, &restricts(school, &learner).await).await;
    // An event about a restricted person: learning is told of a role, and holds it.
    let stand_in = school.learner().await;
    in_force(school, &stand_in, &restricts(school, &stand_in).await).await;
    let stand_in = school.appoints(stand_in, "INSTRUCTOR").await;
    let learning = school.database("learning").await;
    let held = "SELECT count(*) AS n FROM parked WHERE reason = 'held' AND reaction = 'learning.note-instructor-on-grant'";
    until("the event to be held", || async { (count(&learning, held).await > 0).then_some(()) }).await;
    let known = "SELECT count(*) AS n FROM instructor_grant WHERE instructor_id = $1";
    assert_eq!(rows(&learning, known, &stand_in).await, 0);

    for person in [&learner, &stand_in] {
        let lifting = asks(school, person, "/v1/me/restriction:lift", json!({})).await;
        assert_eq!(lifting["kind"], "LIFTING");
        // Whenever it is lifted, the mail that says so has left.
        until("the lifting", || async {
            let state = school.client.get("/v1/me/processing", Some(&person.access_token)).await.unwrap().ok();
            let mailed = school.mail.to(&person.email).iter().any(|mail| mail.contains("The restriction will be lifted"));
            if state["restricted"] == true {
                return None;
            }
            assert!(mailed, "it was lifted before the person was told");
            Some(())
        })
        .await;
        let done = in_force(school, person, &lifting).await;
        assert!(time(&done["toldAt"]) <= time(&done["inForceAt"]), "{done}");
        let again = asks(school, person, "/v1/me/restriction:lift", json!({})).await;
        assert_eq!(again["requestId"], lifting["requestId"], "asked again, it is the same");
    }
    // What was held happens, once.
    until("the held event", || async { (rows(&learning, known, &stand_in).await == 1).then_some(()) }).await;
    until("nothing to be held any more", || async { (count(&learning, held).await == 0).then_some(()) }).await;
    assert_eq!(rows(&learning, known, &stand_in).await, 1);
    // And the school goes on.
    let instructor = school.staff("INSTRUCTOR").await;
    school.client.get(&format!("/v1/teaching/submissions/{work}"), Some(&instructor.access_token)).await.unwrap().ok();
    complete(school, &learner, &course.lessons[1]).await;
}

async fn count(db: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

pub async fn subscribes(school: &School, person: &Person) {
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let consent = json!({ "textVersion": policy["version"], "textHash": policy["newsletterConsentHash"], "language": "en" });
    asks(school, person, "/v1/me/newsletter", consent).await;
}

/// Sends an issue to everybody who consented, and gives its subject.
async fn issue(school: &School) -> String {
    let admin = school.staff("ADMINISTRATOR").await;
    let subject = format!("Slow light {}", &key()[..13]);
    let texts =
        json!([{ "language": "ru", "subject": subject, "text": "Текст." }, { "language": "en", "subject": subject, "text": "Text." }]);
    asks(school, &admin, "/v1/newsletter/issues", json!({ "texts": texts, "idempotencyKey": key() })).await;
    subject
}

async fn subscribed(school: &School, person: &Person) -> bool {
    let mine = school.client.get("/v1/me/newsletter", Some(&person.access_token)).await.unwrap().ok();
    mine["subscribed"] == true
}

#[tokio::test]
async fn p21_withdrawal_ends_the_newsletter_and_what_is_queued_of_it() {
    let school = school();
    let learner = school.learner().await;
    subscribes(school, &learner).await;
    // A mail that is queued and not due yet, as a relay that is away leaves it.
    let communication = school.database("communication").await;
    queues(&communication, &learner).await;
    let asked = withdraws(school, &learner, "NEWSLETTER").await;
    assert_eq!((asked["kind"].as_str(), asked["purpose"].as_str()), (Some("WITHDRAWAL"), Some("NEWSLETTER")));
    in_force(school, &learner, &asked).await;
    told(school, &learner, &asked).await;
    until("the subscription to end", || async { (!subscribed(school, &learner).await).then_some(()) }).await;
    let waiting = "SELECT count(*) AS n FROM mail WHERE person = $1 AND purpose = 6 AND state = 1";
    until("what is queued to go", || async { (rows(&communication, waiting, &learner).await == 0).then_some(()) }).await;
    let consents = school.client.get("/v1/me/consents", Some(&learner.access_token)).await.unwrap().ok();
    let consents: Vec<_> = consents["consents"].as_array().unwrap().iter().filter(|consent| consent["purpose"] == "NEWSLETTER").collect();
    assert!(!consents.is_empty() && consents.iter().all(|consent| consent["withdrawnAt"].is_string()), "the ledger agrees: {consents:?}");
    // Notices go on, and another issue does not come.
    let other = school.learner().await;
    subscribes(school, &other).await;
    let subject = issue(school).await;
    school.mail.find(&other.email, "somebody else's issue", |mail| mail.contains(&subject).then_some(())).await;
    assert!(!school.mail.to(&learner.email).iter().any(|mail| mail.contains(&subject)));
    // Subscribing gives the consent again.
    subscribes(school, &learner).await;
    until("the consent to stand again", || async {
        let state = school.client.get("/v1/me/processing", Some(&learner.access_token)).await.unwrap().ok();
        state["withdrawn"].as_array().is_none_or(Vec::is_empty).then_some(())
    })
    .await;
    assert!(subscribed(school, &learner).await);
    until("an issue after all", || async {
        let subject = issue(school).await;
        school.mail.find(&other.email, "the same issue", |mail| mail.contains(&subject).then_some(())).await;
        school.mail.to(&learner.email).iter().any(|mail| mail.contains(&subject)).then_some(())
    })
    .await;
}

/// A newsletter's mail that is due in an hour.
async fn queues(db: &DatabaseConnection, person: &Person) {
    let (id, owner, about) = (Uuid::new_v4(), person.id.parse::<Uuid>().unwrap(), Uuid::new_v4());
    let now = 4_000_000_000_000_000_i64;
    let columns = "id, person, kind, purpose, about, file, state, attempts, created_at, due_at, version";
    let places = match db.get_database_backend() {
        sea_orm::DbBackend::Sqlite => "?1, ?2, 100, 6, ?3, ?4, 1, 0, ?5, ?5, 0",
        _ => "$1, $2, 100, 6, $3, $4, 1, 0, $5, $5, 0",
    };
    let values = [Sql::from(id), Sql::from(owner), Sql::from(about), Sql::from(id.to_string()), Sql::from(now)];
    let sql = format!("INSERT INTO mail ({columns}) VALUES ({places})");
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
}

#[tokio::test]
async fn p21_withdrawal_from_statistics_takes_back_what_is_not_told() {
    let school = school();
    let (learner, course, _) = at_work(school).await;
    let learning = school.database("learning").await;
    let pooled = "SELECT count(*) AS n FROM fact_learner WHERE learner_id = $1";
    assert_eq!(rows(&learning, pooled, &learner).await, 1);
    let asked = withdraws(school, &learner, "STATISTICS").await;
    in_force(school, &learner, &asked).await;
    until("the fact to go", || async { (rows(&learning, pooled, &learner).await == 0).then_some(()) }).await;
    // Learning goes on, uncounted.
    complete(school, &learner, &course.lessons[1]).await;
    assert_eq!(rows(&learning, pooled, &learner).await, 0);
    assert_eq!(withdraws(school, &learner, "STATISTICS").await["requestId"], asked["requestId"], "once is enough");
}

#[tokio::test]
async fn p21_withdrawal_stops_one_purpose_and_no_other_until_consent_is_given_again() {
    let school = school();
    let (learner, course, work) = at_work(school).await;
    in_force(school, &learner, &withdraws(school, &learner, "EDUCATION").await).await;
    let instructor = school.staff("INSTRUCTOR").await;
    let review = format!("/v1/teaching/submissions/{work}");
    assert_eq!(refusal(school, &instructor, &review, None).await, "CONSENT_WITHDRAWN");
    let lesson = format!("/v1/lessons/{}:complete", course.lessons[1]);
    assert_eq!(refusal(school, &learner, &lesson, Some(json!({}))).await, "CONSENT_WITHDRAWN");
    // Their own stays theirs to see, and support goes on.
    let own = school.client.get(&format!("/v1/submissions/{work}"), Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(own["note"], "Before the storm");
    asks(school, &learner, "/v1/tickets", json!({ "topic": "QUESTION", "text": "And now?", "idempotencyKey": key() })).await;

    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let text = |hash: &Value| json!({ "purpose": "EDUCATION", "textVersion": policy["version"], "textHash": hash, "language": "en" });
    let stale = refusal(school, &learner, "/v1/me/withdrawals:undo", Some(text(&json!("0".repeat(64))))).await;
    assert_eq!(stale, "STALE_CONSENT_TEXT");
    let again = asks(school, &learner, "/v1/me/withdrawals:undo", text(&policy["registrationConsentHash"])).await;
    assert_eq!(again["kind"], "CONSENT_AGAIN");
    in_force(school, &learner, &again).await;
    complete(school, &learner, &course.lessons[1]).await;
    school.client.get(&review, Some(&instructor.access_token)).await.unwrap().ok();
}

#[tokio::test]
async fn p21_withdrawal_waits_for_an_open_obligation() {
    let school = school();
    let (course, learner) = (school.course().await, school.learner().await);
    school.orders(&learner, &course).await;
    let refused = refusal(school, &learner, "/v1/me/withdrawals", Some(json!({ "purpose": "PAYMENT" }))).await;
    assert_eq!(refused, "OBLIGATION_OPEN");
    let state = school.client.get("/v1/me/processing", Some(&learner.access_token)).await.unwrap().ok();
    assert!(state["withdrawn"].as_array().is_none_or(Vec::is_empty), "{state}");
}

/// What a program decided is explained, and decided anew by a person within the term.
#[tokio::test]
async fn an_objection_to_a_result_is_answered_by_a_person() {
    let school = school();
    let (learner, course, _) = at_work(school).await;
    let attempt = take(school, &learner, &course.tests[0], false).await;
    let ask = json!({ "decision": "TEST_RESULT", "decisionId": attempt["attemptId"], "reason": "The third question was unclear.", "idempotencyKey": key() });
    let objection = asks(school, &learner, "/v1/me/objections", ask.clone()).await;
    assert!(objection["percentToPass"].as_u64().unwrap() > 0, "the decision is explained: {objection}");
    assert_eq!(asks(school, &learner, "/v1/me/objections", ask).await["requestId"], objection["requestId"], "a lost answer");

    let officer = school.staff("PRIVACY_OFFICER").await;
    let open = school.client.get("/v1/officer/requests?pageSize=200", Some(&officer.access_token)).await.unwrap().ok();
    let listed =
        open["requests"].as_array().unwrap().iter().find(|request| request["requestId"] == objection["requestId"]).unwrap().clone();
    assert_eq!((listed["kind"].as_str(), &listed["dueAt"]), (Some("OBJECTION"), &objection["dueAt"]));
    let (due, _) = privacy::Calendar::try_new(6).unwrap().due("objection", time(&objection["receivedAt"])).unwrap();
    assert_eq!(time(&objection["dueAt"]), due.at, "three working days");
    let path = format!("/v1/officer/objections/{}", objection["requestId"].as_str().unwrap());
    let read = school.client.get(&path, Some(&officer.access_token)).await.unwrap().ok();
    assert_eq!(read["reason"], "The third question was unclear.");
    let instructor = school.staff("INSTRUCTOR").await;
    assert_eq!(refusal(school, &instructor, &path, None).await, "WRONG_ROLE");
    let answer = json!({ "outcome": "OVERTURNED", "answer": "You are right: two answers fit the third question." });
    for _ in 0..2 {
        let answered = asks(school, &officer, &format!("{path}:answer"), answer.clone()).await;
        assert_eq!(answered["outcome"], "OVERTURNED");
    }
    let other = json!({ "outcome": "UPHELD", "answer": "On second thoughts, it stands." });
    assert_eq!(refusal(school, &officer, &format!("{path}:answer"), Some(other)).await, "ANSWERED_ALREADY");

    school.mail.find(&learner.email, "the answer", |mail| mail.contains("An answer to your objection").then_some(())).await;
    let mine = school.client.get("/v1/me/objections", Some(&learner.access_token)).await.unwrap().ok();
    assert!(mine["objections"][0]["answer"].as_str().unwrap().starts_with("You are right"), "{mine}");
    until("the test to count as passed", || async {
        let sheet = school.client.get(&format!("/v1/tests/{}", course.tests[0]), Some(&learner.access_token)).await.ok()?.ok();
        (sheet["passed"] == true).then_some(())
    })
    .await;
}
