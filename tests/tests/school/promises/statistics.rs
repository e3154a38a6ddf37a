//! P09, P15: what reports show, and that improvement reads nothing else.

use sea_orm::ConnectionTrait;
use serde_json::Value;
use testkit::{school, until};

const REPORTS: [&str; 3] = ["time-in-lessons", "popular-topics", "returns"];

/// A report of the demo school, once its periods are closed.
async fn report(name: &str) -> Value {
    let school = school();
    let analyst = school.staff("ANALYST").await;
    until("a report with rows", || async {
        let report = school.client.get(&format!("/v1/reports/{name}"), Some(&analyst.access_token)).await.unwrap().ok();
        report["rows"].as_array().is_some_and(|rows| !rows.is_empty()).then_some(report)
    })
    .await
}

#[tokio::test]
async fn p09_reports_show_time_topics_returns_and_trends() {
    let school = school();
    for name in REPORTS {
        let report = report(name).await;
        assert!(!report["startsOn"].as_array().unwrap().is_empty(), "{name} says its periods");
    }
    let analyst = school.staff("ANALYST").await;
    let trends = school.client.get("/v1/reports/trends", Some(&analyst.access_token)).await.unwrap().ok();
    assert!(trends["trends"].as_array().is_some_and(|trends| trends.len() == REPORTS.len()), "{trends}");
}

#[tokio::test]
async fn p09_cells_that_could_identify_somebody_are_hidden() {
    let (mut visible, mut hidden) = (0, 0);
    for name in REPORTS {
        for row in report(name).await["rows"].as_array().unwrap() {
            for cell in row["cells"].as_array().into_iter().flatten() {
                if cell["hidden"] == true {
                    hidden += 1;
                    assert!(cell.get("learners").is_none(), "a hidden cell has no number: {cell}");
                } else {
                    visible += 1;
                    let learners: i64 = cell["learners"].as_str().unwrap().parse().unwrap();
                    assert!(learners >= 10, "{cell}");
                }
            }
        }
    }
    assert!(visible > 0 && hidden > 0, "the demo school has both: {visible} visible, {hidden} hidden");
}

#[tokio::test]
async fn p15_aggregates_are_all_that_improvement_reads() {
    let school = school();
    let refused = school.client.get("/v1/reports/trends", Some(&school.learner().await.access_token)).await.unwrap().refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "WRONG_ROLE"));
    // The analyst has the reports and nothing of anybody.
    let analyst = school.staff("ANALYST").await;
    for path in ["/v1/me/submissions", "/v1/staff"] {
        let answer = school.client.get(path, Some(&analyst.access_token)).await.unwrap();
        assert!(!String::from_utf8_lossy(&answer.body).contains("learner@"), "{path}");
    }
    assert!(contract::Contract::get().holder("analytics").is_none(), "analytics may hold nothing about people");
    // And no key was ever lent to it.
    let address = school.engines().settings().database_address("keyring");
    let keyring = sea_orm::Database::connect(address).await.unwrap();
    let sql = "SELECT count(*) AS n FROM handle h JOIN key_grant g ON g.handle = h.handle WHERE h.service = 'analytics'";
    let backend = keyring.get_database_backend();
    let row = keyring.query_one_raw(sea_orm::Statement::from_string(backend, sql)).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0);
}
