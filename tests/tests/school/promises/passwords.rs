//! P25: hashing is raised over time.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use testkit::School;

/// Every stored hash.
async fn hashes(school: &School) -> Vec<String> {
    let db = school.database("identity").await;
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), "SELECT password AS p FROM credential")).await.unwrap();
    rows.iter().map(|row| row.try_get("", "p").unwrap()).collect()
}

#[test]
fn p25_raised_hashing_upgrades_an_old_hash_at_sign_in() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let school = School::start(&[]);
    let learner = runtime.block_on(school.learner());
    let before = runtime.block_on(hashes(&school));
    assert!(before.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{} hashes", before.len());

    let raised = [("KOLSAI__IDENTITY__PASSWORD_PASSES", "3"), ("KOLSAI__IDENTITY__PASSWORD_MEMORY_KIB", "24576")];
    let school = School::start_in(school.stop(), &raised);
    runtime.block_on(async {
        let upgraded = || async {
            let hashes = hashes(&school).await;
            (hashes.len(), hashes.iter().filter(|hash| hash.starts_with("$argon2id$v=19$m=24576,t=3,p=1$")).count())
        };
        assert_eq!(upgraded().await, (before.len(), 0), "nobody's password is known, so nobody's hash can be raised yet");
        let wrong = json!({ "email": learner.email, "password": "not the password at all" });
        school.client.post("/v1/sessions", None, wrong).await.unwrap().refused();
        assert_eq!(upgraded().await.1, 0, "a wrong password raises nothing");
        school.signs_in(learner.clone()).await;
        assert_eq!(upgraded().await, (before.len(), 1), "the old hash is upgraded, and only this person's");
        school.signs_in(learner.clone()).await;
        assert_eq!(upgraded().await, (before.len(), 1));
    });
}
