//! P01, P02: the data map, published and held against the live schema.

use contract::Purpose;
use sea_orm::ConnectionTrait;
use testkit::{School, school, until};

#[tokio::test]
async fn p01_fields_say_category_purpose_basis_retention_and_erasure() {
    let policy = school().client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let held = policy["held"].as_array().expect("the published table");
    assert!(held.iter().any(|row| row["service"] == "identity" && row["table"] == "account"));
    for row in held {
        for column in ["service", "table", "category", "keep", "onErase"] {
            assert!(row[column].as_str().is_some_and(|text| !text.is_empty()), "{column} of {row}");
        }
        for list in ["purposes", "bases", "columns"] {
            assert!(row[list].as_array().is_some_and(|list| !list.is_empty()), "{list} of {row}");
        }
        for purpose in row["purposes"].as_array().unwrap() {
            assert!(Purpose::from_str_name(purpose.as_str().unwrap()).is_some());
        }
    }
}

#[tokio::test]
async fn p01_tables_are_published_in_three_languages_with_a_clause_per_promise() {
    let mut hashes = Vec::new();
    for language in ["ru", "kk", "en"] {
        let policy = school().client.get(&format!("/v1/policy?language={language}"), None).await.unwrap().ok();
        let clauses: Vec<_> = policy["clauses"].as_array().unwrap().iter().map(|c| c["promise"].as_str().unwrap().to_owned()).collect();
        let all: Vec<_> = (1..=34).map(|n| format!("P{n:02}")).collect();
        assert_eq!(clauses, all, "{language}");
        hashes.push(policy["hash"].as_str().unwrap().to_owned());
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

/// What does not compile is proven with the derive (crates/personal-data) and the descriptors (crates/contract); here: nothing
/// that is served lacks its declaration.
#[test]
fn p02_build_refuses_a_field_without_a_declaration() {
    contract::Contract::get().verify().expect("every transported field has a class, every method a rule");
}

#[test]
fn p02_drift_of_the_live_schema_is_an_alarm() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let ready = school.client.get("/readyz", None).await.unwrap();
        assert_eq!(ready.status, 200);
        let address = school.engines().settings().database_address("identity");
        let db = sea_orm::Database::connect(address).await.unwrap();
        db.execute_unprepared("ALTER TABLE account ADD COLUMN shoe_size INTEGER").await.unwrap();
        until("the alarm", || async {
            let answer = school.client.get("/readyz", None).await.unwrap();
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            (answer.status == 503 && text.contains("account.shoe_size")).then_some(())
        })
        .await;
    });
}
