//! What an answer's time tells, and what the log says of whom.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{key, school, until};
use tokio::time::Instant;

/// Half of them are quicker, half slower.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_forgotten_password_is_answered_alike_whether_the_address_is_known_or_not() {
    let school = school();
    let mut known = Vec::new();
    for _ in 0..7 {
        known.push(school.learner().await.email);
    }
    let ask = async |email: String| {
        let began = Instant::now();
        school.client.post("/v1/accounts:forgotPassword", None, json!({ "email": email })).await.unwrap().ok();
        began.elapsed()
    };
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    for email in known {
        // In turns, so that whatever else goes on meets both.
        of_known.push(ask(email).await);
        of_unknown.push(ask(format!("nobody.{}@learner.example", key())).await);
    }
    let (known, unknown) = (median(of_known), median(of_unknown));
    eprintln!("a known address {known:?}, an unknown one {unknown:?}");
    let least = Duration::from_millis(300);
    assert!(known >= least && unknown >= least, "both wait for the same moment: {known:?} and {unknown:?}");
}

#[tokio::test]
async fn the_log_names_who_signed_in_and_shows_no_category_that_was_not_reached() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.orders(&learner, &course).await;
    let found = |log: &Value, method: &str| {
        let all = log["accesses"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|it| it["method"].as_str().is_some_and(|name| name.ends_with(method)))
    };
    let (signed_in, ordered) = until("both to be in the learner's log", || async {
        let log = school.client.get("/v1/me/accesses?pageSize=100", Some(&learner.access_token)).await.unwrap().ok();
        Some((found(&log, "SignIn")?, found(&log, "CreateOrder")?))
    })
    .await;
    assert_eq!(signed_in["who"], "you", "{signed_in}");
    assert!(!ordered["categories"].to_string().contains("LOCKED_PAYMENT"), "{ordered}");
}
