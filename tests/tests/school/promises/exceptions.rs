//! P26, P28: staff without a tie get in by a recorded exception only, for hours, told and reviewed by somebody else; an overdue
//! review ends that.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Person, School, key, until};

use super::ties::accessed;
use crate::photographs;

const HOUR: Duration = Duration::from_secs(3600);

/// A learner with a photograph sent in, and an instructor who is not theirs.
struct Scene<'s> {
    school: &'s School,
    learner: Person,
    stranger: Person,
    work: String,
}

impl<'s> Scene<'s> {
    async fn set(school: &'s School) -> Self {
        let course = school.course().await;
        let (learner, stranger) = (school.learner().await, school.learner().await);
        let stranger = school.appoints(stranger, "INSTRUCTOR").await;
        school.enrols(&learner, &course).await;
        let work = school.sends_in(&learner, &course, photographs::jpeg("p26"), "mine").await;
        Self { school, learner, stranger, work: format!("/v1/teaching/submissions/{work}") }
    }

    fn exception(&self, person: &Person, kind: &str) -> Value {
        let until = self.school.engines().clock().now().plus(4 * HOUR).to_string();
        let reason = "Their instructor is ill and the deadline is tonight";
        json!({ "personId": person.id, "kind": kind, "reason": reason, "until": until, "idempotencyKey": key() })
    }

    async fn records(&self, by: &Person, ask: &Value) -> Answer {
        self.school.client.post("/v1/exceptions", Some(&by.access_token), ask.clone()).await.unwrap()
    }

    async fn reads(&self, by: &Person) -> Answer {
        self.school.client.get(&self.work, Some(&by.access_token)).await.unwrap()
    }

    async fn mails(&self, officer: &Person, more_than: usize) {
        until("a mail to the officer", || async { (self.school.mail.to(&officer.email).len() > more_than).then_some(()) }).await;
    }

    async fn reviews(&self, by: &Person) -> Value {
        self.school.client.get("/v1/officer/reviews", Some(&by.access_token)).await.unwrap().ok()
    }

    /// Waits for a review of this kind that is not signed.
    async fn review(&self, by: &Person, kind: &str) -> String {
        until(&format!("a review of {kind}"), || async {
            let all = self.reviews(by).await;
            let open = |review: &&Value| review["kind"] == kind && !review["signedAt"].is_string();
            let found = all["reviews"].as_array().into_iter().flatten().find(open)?;
            Some(format!("/v1/officer/reviews/{}", found["reviewId"].as_str().unwrap()))
        })
        .await
    }

    async fn signs(&self, by: &Person, review: &str, finding: &str, verdicts: Value) -> Answer {
        let ask = json!({ "finding": finding, "verdicts": verdicts });
        self.school.client.post(&format!("{review}:sign"), Some(&by.access_token), ask).await.unwrap()
    }
}

/// A school of its own, whose clock is moved.
fn run(test: impl AsyncFnOnce(&School)) {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(test(&school));
}

#[test]
fn p26_exception_opens_one_person_for_hours_and_is_told_to_officer_and_person() {
    run(async |school| {
        let mut scene = Scene::set(school).await;
        let officer = scene.school.staff("PRIVACY_OFFICER").await;
        let mailed = scene.school.mail.to(&officer.email).len();
        assert_eq!(scene.reads(&scene.stranger).await.refused().reason(), "NO_TIE", "the role alone");

        // Nothing is recorded without an end, a kind, a reason; nor by who is not staff, nor for oneself.
        let good = scene.exception(&scene.learner, "STAND_IN");
        let with = |field: &str, value: Value| {
            let mut ask = good.clone();
            ask[field] = value;
            ask
        };
        let far = scene.school.engines().clock().now().plus(5 * HOUR).to_string();
        for (ask, reason, field) in [
            (with("until", Value::Null), "INVALID_UNTIL", "until"),
            (with("until", json!(far)), "INVALID_UNTIL", "until"),
            (with("kind", json!("KIND_UNSPECIFIED")), "INVALID_KIND", "kind"),
            (with("reason", json!("because")), "INVALID_REASON", "reason"),
        ] {
            let refused = scene.records(&scene.stranger, &ask).await.refused();
            assert_eq!((refused.reason().as_str(), refused.field().as_str()), (reason, field), "{ask}");
        }
        assert_eq!(scene.records(&scene.learner, &good).await.refused().reason(), "WRONG_ROLE");
        assert_eq!(scene.records(&scene.stranger, &with("personId", json!(scene.stranger.id))).await.refused().reason(), "OWN_EXCEPTION");
        assert_eq!(scene.records(&scene.stranger, &with("personId", json!(key()))).await.refused().reason(), "NO_SUCH_PERSON");
        assert_eq!(scene.reads(&scene.stranger).await.refused().reason(), "NO_TIE", "what was refused opens nothing");

        let recorded = scene.records(&scene.stranger, &good).await.ok();
        assert_eq!(recorded["exceptionId"], scene.records(&scene.stranger, &good).await.ok()["exceptionId"], "once");
        assert_eq!(scene.records(&scene.stranger, &with("kind", json!("SAFETY"))).await.refused().reason(), "IDEMPOTENCY_KEY_REUSED");
        scene.reads(&scene.stranger).await.ok();
        scene.mails(&officer, mailed).await;
        let entry = accessed(scene.school, &scene.learner, "the reading by exception in the learner's own list", |access| {
            access["exception"] == "STAND_IN" && access["service"] == "learning"
        })
        .await;
        assert_eq!((entry["who"].as_str(), entry["refused"].as_bool().unwrap_or_default()), (Some("instructor"), false), "{entry}");
        let refusal = accessed(scene.school, &scene.learner, "the refusal before", |access| access["reason"] == "NO_TIE").await;
        assert_eq!(refusal["refused"], true);
        // It is for one person and one member of staff.
        let other = scene.school.learner().await;
        let other = scene.school.appoints(other, "INSTRUCTOR").await;
        assert_eq!(scene.reads(&other).await.refused().reason(), "NO_TIE");

        scene.school.advance(4 * HOUR);
        scene.stranger = scene.school.signs_in(scene.stranger.clone()).await;
        assert_eq!(scene.reads(&scene.stranger).await.refused().reason(), "NO_TIE", "it ends by itself");
        // A sign-in that is not fresh records none.
        scene.school.advance(Duration::from_secs(601));
        let stale = scene.records(&scene.stranger, &good).await.refused().reason();
        assert!(["SIGN_IN_AGAIN", "TOKEN_EXPIRED", "INVALID_TOKEN"].contains(&stale.as_str()), "{stale}");
    });
}

#[test]
fn p28_reviews_are_due_signed_by_somebody_else_and_overdue_ones_end_exceptions() {
    run(async |school| {
        let scene = Scene::set(school).await;
        let mut officer = scene.school.staff("PRIVACY_OFFICER").await;
        // Two exceptions: the instructor's, which is used, and the officer's own.
        scene.records(&scene.stranger, &scene.exception(&scene.learner, "STAND_IN")).await.ok();
        scene.reads(&scene.stranger).await.ok();
        scene.records(&officer, &scene.exception(&scene.learner, "INCIDENT")).await.ok();
        accessed(scene.school, &scene.learner, "the reading with privacy", |access| access["exception"] == "STAND_IN").await;

        let mailed = scene.school.mail.to(&officer.email).len();
        scene.school.advance(26 * HOUR);
        officer = scene.school.signs_in(officer).await;
        let review = scene.review(&officer, "FINDINGS").await;
        scene.mails(&officer, mailed).await;
        let shown = scene.school.client.get(&review, Some(&officer.access_token)).await.unwrap().ok();
        let items: Vec<_> = shown["items"].as_array().unwrap().iter().collect();
        let by = |rule: &str| items.iter().filter(|item| item["rule"] == rule).copied().collect::<Vec<_>>();
        assert_eq!(by("BY_EXCEPTION").len(), 1, "{shown}");
        assert!(by("BY_EXCEPTION")[0]["decision"].as_str().unwrap().ends_with("STAND_IN"));
        let exceptions = by("EXCEPTION");
        assert_eq!(exceptions.len(), 2, "every exception is looked at: {shown}");
        assert!(exceptions.iter().all(|item| item["exceptionReason"].as_str().unwrap().contains("ill")));
        let own: Vec<_> = exceptions.iter().filter(|item| item["yours"] == true).collect();
        assert_eq!(own.len(), 1, "the officer's own: {shown}");
        for personal in [&scene.learner.id, &scene.learner.email, &scene.stranger.id, &officer.id] {
            assert!(!shown.to_string().contains(personal.as_str()), "a review names nobody");
        }
        let instructor = scene.school.signs_in(scene.stranger.clone()).await;
        assert_eq!(scene.signs(&instructor, &review, "I find that I was right", json!([])).await.refused().reason(), "WRONG_ROLE");

        // Each exception is judged by itself; nobody signs their own; a finding names nobody.
        let finding = "Both were looked into with the people concerned";
        assert_eq!(scene.signs(&officer, &review, finding, json!([])).await.refused().reason(), "EXCEPTION_NOT_JUDGED");
        let verdicts: Vec<_> = exceptions.iter().map(|item| json!({ "itemId": item["itemId"], "justified": true })).collect();
        let named = format!("asked {} about it", scene.learner.email);
        assert_eq!(scene.signs(&officer, &review, &named, json!(verdicts)).await.refused().field(), "finding");
        let signed = scene.signs(&officer, &review, finding, json!(verdicts)).await.ok();
        assert!(!signed["summary"]["signedAt"].is_string() && signed["summary"]["unsigned"].as_u64().unwrap_or_default() > 0, "{signed}");
        assert_eq!(scene.signs(&officer, &review, finding, json!(verdicts)).await.refused().reason(), "OWN_ACCESS");

        // It becomes overdue: that shows, is told, and exceptions are refused.
        let mailed = scene.school.mail.to(&officer.email).len();
        scene.school.advance(4 * 24 * HOUR);
        officer = scene.school.signs_in(officer).await;
        scene.mails(&officer, mailed).await;
        let all = scene.reviews(&officer).await;
        assert_eq!(all["exceptionsRefused"], true, "{all}");
        assert!(all["reviews"].as_array().unwrap().iter().any(|review| review["overdue"] == true), "{all}");
        let ask = scene.exception(&scene.learner, "SAFETY");
        assert_eq!(scene.records(&officer, &ask).await.refused().reason(), "REVIEW_OVERDUE");

        // Somebody else signs what is left, and exceptions are given again.
        let administrator = scene.school.staff("ADMINISTRATOR").await;
        let signed = scene.signs(&administrator, &review, finding, json!(verdicts)).await.ok();
        assert!(signed["summary"]["signedAt"].is_string(), "{signed}");
        let again = scene.signs(&administrator, &review, finding, json!(verdicts)).await.ok();
        assert_eq!(again["summary"]["signedAt"], signed["summary"]["signedAt"], "done is done");
        until("no review to be overdue", || async { (scene.reviews(&officer).await["exceptionsRefused"] != true).then_some(()) }).await;
        scene.records(&officer, &ask).await.ok();

        // And regularly: a sample of the month.
        scene.school.advance(35 * 24 * HOUR);
        officer = scene.school.signs_in(officer).await;
        let monthly = scene.review(&officer, "MONTHLY").await;
        let shown = scene.school.client.get(&monthly, Some(&officer.access_token)).await.unwrap().ok();
        assert!(shown["items"].as_array().unwrap().iter().all(|item| item["rule"] == "SAMPLED"), "{shown}");
        assert!(!shown["seed"].as_str().unwrap().is_empty());
    });
}
