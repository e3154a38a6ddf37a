//! The learner's instructor answers; anybody else is kept out.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Broken, Course, Teller, photograph::Sent};
use crate::story::{
    call::{key, member},
    outside::Outside,
    people::Person,
    photograph::tells_only_pixels,
};

const TEXT: &str = "A clear line, and the light waits at its end.";
const MARK: &str = "Here the line starts: give it more room.";

/// The instructor, and somebody who was one for a while.
pub async fn given(teller: &mut Teller, learner: &Person, course: &Course, sent: &Sent) -> Result<(Person, Person), Broken> {
    let work = format!("/v1/teaching/submissions/{}", sent.id);
    let (instructor, admin) = teller
        .step("The administrator gives Aigerim to the instructor.", async |school| {
            let (instructor, admin) = (school.staff("INSTRUCTOR").await?, school.staff("ADMINISTRATOR").await?);
            let mine = school.get("/v1/me/enrolments").by(learner).ok().await?;
            let enrolment = mine.list("/enrolments").iter().find(|enrolment| member(enrolment, "courseId") == course.id);
            let enrolment = enrolment.map(|enrolment| member(enrolment, "enrolmentId")).unwrap_or_default();
            let assign = school.post(format!("/v1/teaching/enrolments/{enrolment}:assign"), json!({ "instructorId": instructor.id }));
            assign.by(&admin).ok().await?;
            Ok((instructor, admin))
        })
        .await?;
    let timur =
        teller.step("Another learner, Timur, joins the school.", async |school| school.joins(Person::new("Timur", "Omarov")).await).await?;
    teller
        .step("For him the photograph does not exist, and he may not teach.", async |school| {
            school.get(format!("/v1/submissions/{}", sent.id)).by(&timur).refused(404, "NO_SUCH_SUBMISSION").await?;
            school.get(work.as_str()).by(&timur).refused(403, "WRONG_ROLE").await
        })
        .await?;
    let (timur, grant) =
        teller.step("The administrator makes him an instructor for a day.", async |school| appointed(school, &admin, timur).await).await?;
    teller
        .step("The role alone opens nothing: she is not his learner.", async |school| {
            school.get(work.as_str()).by(&timur).refused(403, "NO_TIE").await?;
            school.get(format!("{work}/original")).by(&timur).refused(403, "NO_TIE").await?;
            let queue = school.get("/v1/teaching/queue").by(&timur).ok().await?;
            queue.check(
                queue.list("/submissions").iter().all(|work| member(work, "submissionId") != sent.id),
                "his queue was to be without it",
            )
        })
        .await?;
    teller
        .step("His role is taken back; his session ends with it.", async |school| {
            school.delete(format!("/v1/staff/grants/{grant}")).by(&admin).ok().await?.text("/revokedAt")?;
            let ended = school.get("/v1/me").by(&timur).answer().await?;
            if ended.status == 401 {
                Ok(())
            } else {
                Err(Broken::Answer { expected: "the session was to be over".into(), answer: Box::new(ended) })
            }
        })
        .await?;
    teller.step("The instructor finds the photograph in the queue.", async |school| queued(school, &instructor, &sent.id).await).await?;
    teller
        .step("The instructor opens it: note and photograph, no place, no contact.", async |school| {
            let opened = school.get(work.as_str()).by(&instructor).ok().await?;
            opened.is("/submission/note", sent.note.as_str())?;
            let personal = [&learner.first_name, &learner.email, &learner.phone];
            let shown = opened.json().to_string();
            opened.check(!personal.iter().any(|value| shown.contains(value.as_str())), "the learner's contact was not to be shown")?;
            for part in ["original", "renditions/2048"] {
                tells_only_pixels(part, &school.get(format!("{work}/{part}")).by(&instructor).bytes().await?)?;
            }
            Ok(())
        })
        .await?;
    teller
        .step("The instructor answers with marks on the photograph and points by the rubric.", async |school| {
            let scores: Vec<_> = sent.rubric.iter().map(|(id, points)| json!({ "criterionId": id, "points": points })).collect();
            let feedback = json!({ "text": TEXT, "marks": marks(), "scores": scores, "idempotencyKey": key() });
            let given = school.post(format!("{work}/feedback"), feedback).by(&instructor).ok().await?;
            given.is("/submissionId", sent.id.as_str())
        })
        .await?;
    teller
        .step("Aigerim reads the feedback: text, marks and points.", async |school| {
            let answered = school.get(format!("/v1/submissions/{}", sent.id)).by(learner).ok().await?;
            answered.is("/state", "ANSWERED")?;
            answered.is("/feedback/0/text", TEXT)?;
            answered.is("/feedback/0/marks/0/text", MARK)?;
            let scores = answered.list("/feedback/0/scores").len();
            answered.check(scores == sent.rubric.len(), "every criterion was to have its points")
        })
        .await?;
    teller
        .step("A mail tells her of it.", async |school| school.mailed_with(&learner.email, "Subject: Your instructor has answered").await)
        .await?;
    Ok((instructor, timur))
}

/// A point, and a polygon.
fn marks() -> Value {
    let polygon = json!([{ "x": 0.1, "y": 0.2 }, { "x": 0.4, "y": 0.2 }, { "x": 0.25, "y": 0.5 }]);
    json!([{ "points": [{ "x": 0.5, "y": 0.9 }], "text": MARK }, { "points": polygon, "text": "This slope is quiet; leave it so." }])
}

/// With the role INSTRUCTOR in a new token; and its grant.
async fn appointed(school: &Outside, admin: &Person, person: Person) -> Result<(Person, String), Broken> {
    let grant = json!({
        "personId": person.id, "role": "INSTRUCTOR", "until": tomorrow(), "reason": "stands in for a day", "idempotencyKey": key(),
    });
    let grant = school.post("/v1/staff/grants", grant).by(admin).ok().await?.text("/grantId")?;
    Ok((school.signs_in(person).await?, grant))
}

/// As RFC 3339 writes it.
#[allow(clippy::disallowed_methods, reason = "somebody outside has a clock of their own")]
fn tomorrow() -> String {
    prost_types::Timestamp::from(SystemTime::now() + Duration::from_secs(24 * 3600)).to_string()
}

/// Looks through every page.
async fn queued(school: &Outside, instructor: &Person, submission: &str) -> Result<(), Broken> {
    let mut token = String::new();
    loop {
        let page = school.get(format!("/v1/teaching/queue?pageSize=100&pageToken={token}")).by(instructor).ok().await?;
        if page.list("/submissions").iter().any(|work| member(work, "submissionId") == submission) {
            return Ok(());
        }
        token = page.text("/nextPageToken").map_err(|_| page.broken("the photograph was to wait in the queue".into()))?;
    }
}
