//! P34, P27: without the keyring nothing sealed opens; a state ends what was lent; a sealed value opens in its own place only;
//! and the logs are checked by their export.

use std::time::Duration;

use contract::{Category, Contract, Purpose};
use foundation::{Clock, Mode, PersonId};
use personal_data::{Db, Error};
use privacy::audit::{self, Anchors, AuditError, Finding};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use testkit::{Person, School, school, until};

use super::{erasure, states};

async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql).await.unwrap();
}

#[test]
fn p34_purpose_opens_nothing_while_the_keyring_is_away_and_everything_else_goes_on() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let learner = school.learner().await;
        let me = || async { school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap() };
        me().await.ok();
        let keyring = school.database("keyring").await;
        run(&keyring, "ALTER TABLE person_key RENAME TO person_key_away").await;
        me().await.ok();
        // What was lent runs out.
        school.advance(Duration::from_secs(301));
        let refused = me().await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (503, "KEYRING_UNAVAILABLE"));
        assert!(!String::from_utf8_lossy(&refused.body).contains(&learner.first_name));
        for path in ["/v1/courses?language=en", "/v1/policy?language=en", "/healthz"] {
            assert!(school.client.get(path, None).await.unwrap().status.is_success(), "{path}");
        }
        school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
        run(&keyring, "ALTER TABLE person_key_away RENAME TO person_key").await;
        assert_eq!(me().await.ok()["firstName"], learner.first_name.as_str());
    });
}

/// A key of this person, as a service has it on loan.
async fn borrowed(school: &School, person: &Person, of: (&'static str, Category, Purpose)) -> Result<(), Error> {
    let (service, category, purpose) = of;
    school.engines().keys(service).raw(person.id.parse::<PersonId>().unwrap(), category, purpose).await.map(drop)
}

#[tokio::test]
async fn p34_purpose_ends_with_a_persons_state_and_not_with_the_loan() {
    let school = school();
    let (restricted, erased) = (school.learner().await, school.learner().await);
    let study = ("learning", Category::Learning, Purpose::Education);
    borrowed(school, &restricted, study).await.unwrap();
    let asked = states::restricts(school, &restricted).await;
    states::in_force(school, &restricted, &asked).await;
    // No time has passed: the loan itself would last for minutes.
    assert!(matches!(borrowed(school, &restricted, study).await, Err(Error::Restricted)));

    let account = ("identity", Category::Account, Purpose::Account);
    borrowed(school, &erased, account).await.unwrap();
    let erasure = erasure::order(school, &erased.access_token).await;
    erasure::done(school, erasure["receiptToken"].as_str().unwrap()).await;
    assert!(matches!(borrowed(school, &erased, account).await, Err(Error::Erased)));
}

#[tokio::test]
async fn p34_purpose_opens_a_value_in_its_own_place_only() {
    let school = school();
    let (one, other) = (school.learner().await, school.learner().await);
    let identity = school.database("identity").await;
    let id = |person: &Person| match identity.get_database_backend() {
        sea_orm::DbBackend::Sqlite => format!("X'{}'", person.id.replace('-', "")),
        _ => format!("'{}'", person.id),
    };
    let name = |column: &str, person: &Person| format!("(SELECT {column} FROM account WHERE person = {})", id(person));
    let (last_name, others) = (name("last_name", &one), name("first_name", &other));
    for moved in [last_name, others] {
        run(&identity, &format!("CREATE TABLE kept AS SELECT first_name FROM account WHERE person = {}", id(&one))).await;
        run(&identity, &format!("UPDATE account SET first_name = {moved} WHERE person = {}", id(&one))).await;
        let answer = school.client.get("/v1/me", Some(&one.access_token)).await.unwrap().refused();
        assert_eq!(answer.status.as_u16(), 500, "{moved}");
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!body.contains(&other.first_name) && !body.contains(&one.last_name), "{body}");
        run(&identity, &format!("UPDATE account SET first_name = (SELECT first_name FROM kept) WHERE person = {}", id(&one))).await;
        run(&identity, "DROP TABLE kept").await;
        school.client.get("/v1/me", Some(&one.access_token)).await.unwrap().ok();
    }
}

/// The databases of a school as the operator's command opens them.
async fn attached(school: &School, service: &str) -> Db {
    let address = school.engines().settings().database_address(service);
    Db::attach(&address, "privacy", Clock::system(Mode::Development)).await.unwrap()
}

#[test]
fn p27_evident_by_the_operators_audit_which_names_the_record() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        school.learner().await;
        let privacy = attached(&school, "privacy").await;
        let mut services = Vec::new();
        for holder in Contract::get().holders() {
            services.push((holder.service.as_str(), attached(&school, &holder.service).await));
        }
        let answer = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
        let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, answer["publicKey"].as_str().unwrap()).unwrap();
        let whole = until("identity's log with privacy", || async {
            let verified = audit::verify_live(&privacy, &services, &key).await.ok()?;
            (verified.records.get("identity").is_some_and(|records| *records > 2)).then_some(verified)
        })
        .await;
        assert!(whole.checkpoints > 0);
        let export = || async {
            let mut out = Vec::new();
            audit::export(&privacy, school.engines().clock().now(), &mut out).await.unwrap();
            out
        };
        let before = export().await;
        let verified = audit::verify_file(before.as_slice(), &key, &Anchors::default()).unwrap();
        assert_eq!(verified.records["identity"], whole.records["identity"].max(verified.records["identity"]));
        let anchors = Anchors::read(before.as_slice(), &key).unwrap();
        assert!(audit::verify_file(before.as_slice(), &[7; 32], &Anchors::default()).is_err(), "another key");

        // Somebody rewrites a record in the middle of a service's own log.
        let identity = school.database("identity").await;
        run(&identity, "UPDATE access_entry SET decision = 'NOT_SO' WHERE sequence = 2").await;
        let found = audit::verify_live(&privacy, &services, &key).await.unwrap_err();
        assert!(matches!(&found, AuditError::Found(Finding::Broken { service, sequence: 2 }) if service == "identity"), "{found}");
        run(&identity, "DELETE FROM access_entry WHERE sequence = 2").await;
        let found = audit::verify_live(&privacy, &services, &key).await.unwrap_err();
        assert!(matches!(&found, AuditError::Found(Finding::Missing { service, sequence: 2 }) if service == "identity"), "{found}");

        // Or in privacy's copy: its own export shows it.
        let of_privacy = school.database("privacy").await;
        run(&of_privacy, "UPDATE service_access SET decision = 'NOT_SO' WHERE service = 'identity' AND sequence = 2").await;
        let found = audit::verify_file(export().await.as_slice(), &key, &anchors).unwrap_err();
        assert_eq!(found.to_string(), "identity, record 2 is broken: it was altered after it was written");
    });
}

#[tokio::test]
async fn p27_seen_are_the_keys_that_services_borrowed() {
    let (school, learner) = (school(), school().learner().await);
    let lent = super::ties::accessed(school, &learner, "a loan in the person's own list", |access| {
        access["service"] == "keyring" && access["who"] == "service:identity" && access["refused"] != true
    })
    .await;
    assert!(lent["method"].as_str().unwrap().ends_with("Lease") && lent["at"].is_string(), "{lent}");
    assert!(lent["categories"] == serde_json::json!(["ACCOUNT"]) && lent["purpose"].is_string(), "{lent}");
}
