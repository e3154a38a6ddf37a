//! P01, P02: the data map, published and held against the live schema.

use contract::Purpose;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
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
async fn p01_tables_show_what_is_kept_beside_the_databases() {
    let policy = school().client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let held = policy["held"].as_array().unwrap();
    for (kind, service, name) in [
        ("table", "identity", "account"),
        ("objects", "learning", "originals"),
        ("cache", "identity", "revoked-person:"),
        ("mail files", "communication", "mail"),
        ("temporary files", "privacy", "copies-in-the-making"),
    ] {
        let row = held.iter().find(|row| row["kind"] == kind && row["service"] == service && row["table"] == name);
        let row = row.unwrap_or_else(|| panic!("{kind} `{name}` of {service} is not published"));
        assert!(row["keep"].as_str().is_some_and(|keep| !keep.is_empty()) && row["category"] != "", "{row}");
    }
    // A blind index is a column like others, and says that it is one.
    let account = held.iter().find(|row| row["table"] == "account").unwrap();
    assert!(account["columns"].as_array().unwrap().iter().any(|column| column == "email_index (blind_index)"), "{account}");
}

/// Every table of the live databases is either published or holds nobody's data, and then its map says why.
#[tokio::test]
async fn p01_tables_leave_out_no_table_of_the_live_databases() {
    let school = school();
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let held = policy["held"].as_array().unwrap();
    for service in ["identity", "learning", "payment", "communication", "privacy"] {
        let db = school.database(service).await;
        let sql = match db.get_database_backend() {
            DbBackend::Sqlite => "SELECT name AS t FROM sqlite_master WHERE type = 'table'",
            _ => "SELECT table_name::text AS t FROM information_schema.tables WHERE table_schema = current_schema()",
        };
        let declared = "SELECT form AS t FROM recorded_map ORDER BY migrations DESC, number DESC LIMIT 1";
        let read = async |sql: &str| {
            let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
            rows.iter().map(|row| row.try_get::<String>("", "t").unwrap()).collect::<Vec<_>>()
        };
        let map: serde_json::Value = serde_json::from_str(&read(declared).await[0]).unwrap();
        for table in read(sql).await.into_iter().filter(|table| !["seaql_migrations", "sqlite_sequence"].contains(&table.as_str())) {
            let published = held.iter().any(|row| row["service"] == service && row["table"] == table.as_str());
            let said = map["tables"].as_array().unwrap().iter().find(|row| row["table"] == table.as_str());
            let none = said.and_then(|row| row["none"].as_str()).unwrap_or_default();
            assert!(published != (none.len() > 8), "{service}.{table}: {none}");
        }
        db.close().await.unwrap();
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

/// A newer version runs beside this one: what it declared is no drift, and holder work is left to it.
#[test]
fn p02_drift_is_not_what_a_newer_version_has_declared() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let person = school.learner().await;
        let db = school.database("identity").await;
        db.execute_unprepared("ALTER TABLE account ADD COLUMN shoe_size INTEGER").await.unwrap();
        db.execute_unprepared("CREATE TABLE badge (id INTEGER)").await.unwrap();
        let not_ready = async || {
            let answer = school.client.get("/readyz", None).await.unwrap();
            (answer.status != 200).then(|| String::from_utf8_lossy(&answer.body).into_owned())
        };
        until("the alarm", || async { not_ready().await.filter(|text| text.contains("account.shoe_size") && text.contains("`badge`")) })
            .await;

        let form = r#"{"tables":[{"table":"account","columns":[{"name":"shoe_size"}]},{"table":"badge","columns":[{"name":"id"}]}]}"#;
        let id = if db.get_database_backend() == DbBackend::Sqlite {
            "X'00000000000000000000000000000001'"
        } else {
            "'00000000-0000-0000-0000-000000000001'"
        };
        let record = format!(
            "INSERT INTO recorded_map (id, hash, form, migrations, number, recorded_at) VALUES ({id}, 'newer', '{form}', 999, 999, 0)"
        );
        db.execute_unprepared(&record).await.unwrap();
        until("the school to be ready beside a newer version", || async { not_ready().await.is_none().then_some(()) }).await;

        let copy = school.client.get("/v1/me/copy", Some(&person.access_token)).await.unwrap();
        assert!(!copy.status.is_success(), "a copy by the older version would lack what it does not know: {}", copy.status);
        // What the newer version's map does not have either is drift all the same.
        db.execute_unprepared("ALTER TABLE badge ADD COLUMN engraving TEXT").await.unwrap();
        until("the alarm", || async { not_ready().await.filter(|text| text.contains("badge.engraving")) }).await;
        db.close().await.unwrap();
    });
}
