//! Teaching: a role given and taken back, a photograph answered.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde_json::{Value, json};
use testkit::Person;

use super::{People, account::signed_in, course::Course, enrolled, key, text};
use crate::{
    asking::{Ask, delete, get, post},
    process::School,
};

/// The other learner is an instructor and then no longer; signed in again.
pub async fn taught_for_a_day(school: &School, people: &People, course: &Course) -> Result<Person> {
    let admin = &people.admin.access_token;
    let grant = json!({
        "personId": people.bekzat.id, "role": "INSTRUCTOR", "until": tomorrow(), "reason": "stands in for a day", "idempotencyKey": key(),
    });
    let grant = school.told_text(post("/v1/staff/grants", grant).by(admin), "/grantId").await?;
    // Learning hears of the grant a little later.
    let enrolment = enrolled(school, &people.aigerim, &course.id).await?;
    let given = async || Ok(school.ask(&assign(&enrolment, &people.bekzat, admin)).await?.answer.status.is_success().then_some(()));
    school.until("the learner to be taught by somebody else", given).await?;
    school.told(assign(&enrolment, &people.instructor, admin)).await?;
    school.told(delete(format!("/v1/staff/grants/{grant}")).by(admin)).await?;
    signed_in(school, people.bekzat.clone()).await
}

fn assign(enrolment: &str, instructor: &Person, admin: &str) -> Ask {
    post(format!("/v1/teaching/enrolments/{enrolment}:assign"), json!({ "instructorId": instructor.id })).by(admin)
}

pub async fn given(school: &School, people: &People, course: &Course, work: &str) -> Result<()> {
    let (learner, instructor) = (&people.aigerim, &people.instructor);
    let task = school.told(get(format!("/v1/assignments/{}?language=en", course.assignment)).by(&learner.access_token)).await?;
    let best = |criterion: &Value| criterion["levels"].as_array().into_iter().flatten().filter_map(|level| level["points"].as_u64()).max();
    let criteria = task["criteria"].as_array().into_iter().flatten();
    let scores: Vec<_> =
        criteria.map(|criterion| json!({ "criterionId": text(criterion, "criterionId"), "points": best(criterion) })).collect();
    let feedback = json!({ "text": "A clear line.", "marks": [], "scores": scores, "idempotencyKey": key() });
    school.told(post(format!("/v1/teaching/submissions/{work}/feedback"), feedback).by(&instructor.access_token)).await?;
    Ok(())
}

/// As RFC 3339 writes it.
#[allow(clippy::disallowed_methods, reason = "somebody outside has a clock of their own")]
fn tomorrow() -> String {
    prost_types::Timestamp::from(SystemTime::now() + Duration::from_secs(24 * 3600)).to_string()
}
