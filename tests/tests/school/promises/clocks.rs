//! P33, P23: the calendar is data; a changed one counts what is open again and says so.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{School, key};

use super::rectification::requests;

fn time(value: &Value) -> foundation::Timestamp {
    let time: prost_types::Timestamp = value.as_str().unwrap().parse().unwrap();
    foundation::Timestamp::from_proto(&time)
}

/// The last day of a term, in Almaty: a term ends with the day, at 19:00 UTC.
fn last_day(due: &Value) -> String {
    let noon = time(due).minus(Duration::from_secs(7 * 3600));
    noon.to_string()[..10].to_owned()
}

#[test]
fn p33_calendar_that_changed_counts_open_requests_again_and_records_it() {
    let school = School::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (learner, before) = runtime.block_on(async {
        let learner = school.learner().await;
        let ask = json!({ "text": "My certificate has the wrong date on it.", "idempotencyKey": key() });
        let asked = school.client.post("/v1/me/rectifications", Some(&learner.access_token), ask).await.unwrap().ok();
        (learner, asked)
    });
    let folder = school.stop();
    let day = last_day(&before["dueAt"]);
    let file = folder.path().join("calendar.toml");
    let calendar =
        format!("version = \"moved\"\n[[day_off]]\ndate = \"{day}\"\nreason = \"moved by decree\"\nsource = \"a decree of this test\"\n");
    std::fs::write(&file, calendar).unwrap();
    let school = School::start_in(folder, &[("KOLSAI__PRIVACY__CALENDAR_FILE", file.to_str().unwrap())]);
    runtime.block_on(async {
        let learner = school.signs_in(learner).await;
        let after = testkit::until("the request counted again", || async {
            requests(&school, &learner, "RECTIFICATION_ASKED").await.into_iter().find(|request| request["dueAt"] != before["dueAt"])
        })
        .await;
        assert!(time(&after["dueAt"]) > time(&before["dueAt"]) && after["dueMoved"] == 1, "{after}");
        assert_eq!(after["receivedAt"], before["receivedAt"]);
        let db = school.database("privacy").await;
        let recorded = "SELECT count(*) AS n FROM due_change WHERE old_due < new_due AND reason LIKE '%moved by decree%'";
        assert_eq!(super::officer::number(&db, recorded).await, 1, "old, new and why");
        let used = "SELECT count(*) AS n FROM calendar_used WHERE calendar LIKE '%moved%' AND moved >= 1";
        assert_eq!(super::officer::number(&db, used).await, 1);
    });
}

/// A calendar with a hole does not start a school: it says which days are missing.
#[test]
fn p33_calendar_with_a_gap_is_named() {
    let folder = testkit::Folder::fresh();
    let file = folder.path().join("calendar.toml");
    std::fs::write(
        &file,
        "version = \"2029\"\n[[covers]]\nfrom = \"2029-01-01\"\nthrough = \"2029-12-31\"\nsource = \"a decree of this test\"\n",
    )
    .unwrap();
    let path = file.to_str().unwrap().to_owned();
    let started =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| School::start_in(folder, &[("KOLSAI__PRIVACY__CALENDAR_FILE", &path)])));
    let why = started.err().expect("no school with such a calendar");
    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(why.contains("gap") && why.contains("2027-05-01") && why.contains("2029-01-01"), "{why}");
}
