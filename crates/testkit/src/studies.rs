//! Learners at work: they order and pay, send photographs in, and have an instructor.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, Person, School, partner, until};

/// A course, as the catalogue publishes it.
#[derive(Clone, Debug)]
pub struct Course {
    pub id: String,
    pub title: String,
    /// In minor units, written as JSON writes it.
    pub price_minor: String,
    pub lessons: Vec<String>,
    pub tests: Vec<String>,
    pub assignment: String,
}

/// A fresh idempotency key.
pub fn key() -> String {
    Uuid::new_v4().to_string()
}

impl School {
    /// The first course of the catalogue.
    pub async fn course(&self) -> Course {
        let courses = self.client.get("/v1/courses?language=en", None).await.expect("the catalogue answers").ok();
        let course = &courses["courses"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let modules: Vec<_> = course["modules"].as_array().into_iter().flatten().collect();
        let of = |name: &str| modules.iter().map(|module| text(&module[name])).filter(|id| !id.is_empty()).collect::<Vec<_>>();
        let lessons = modules.iter().flat_map(|module| module["lessons"].as_array().into_iter().flatten());
        Course {
            id: text(&course["courseId"]),
            title: text(&course["title"]),
            price_minor: text(&course["priceMinor"]),
            lessons: lessons.map(|lesson| text(&lesson["lessonId"])).collect(),
            tests: of("testId"),
            assignment: of("assignmentId").pop().expect("a module has an assignment"),
        }
    }

    /// An order of the course, with the partner's page in `paymentUrl`.
    pub async fn orders(&self, person: &Person, course: &Course) -> Value {
        let ask = json!({ "courseId": course.id, "idempotencyKey": key() });
        self.client.post("/v1/orders", Some(&person.access_token), ask).await.expect("ordering answers").ok()
    }

    /// Waits until an order has this state.
    pub async fn order_is(&self, person: &Person, order: &str, state: &str) -> Value {
        until(&format!("the order to be {state}"), || async {
            let order = self.client.get(&format!("/v1/orders/{order}"), Some(&person.access_token)).await.ok()?.ok();
            (order["state"] == state).then_some(order)
        })
        .await
    }

    /// Orders the course, pays it with a test card, waits until it is open; the demo instructor reads this learner's work.
    pub async fn enrols(&self, person: &Person, course: &Course) -> Value {
        let order = self.orders(person, course).await;
        partner::pay(self, text(&order, "paymentUrl"), partner::TEST_CARD, "paid").await.ok_bytes();
        let order = self.order_is(person, text(&order, "orderId"), "PAID").await;
        let enrolment = self.enrolment(person, course).await;
        let instructor = self.staff("INSTRUCTOR").await;
        self.assigns(text(&enrolment, "enrolmentId"), &instructor).await;
        order
    }

    /// Waits until the course is open to a person.
    pub async fn enrolment(&self, person: &Person, course: &Course) -> Value {
        until("the course to open", || async {
            let mine = self.client.get("/v1/me/enrolments", Some(&person.access_token)).await.ok()?.ok();
            let mut open = mine["enrolments"].as_array()?.iter().filter(|enrolment| enrolment["state"] != "CLOSED");
            open.find(|enrolment| enrolment["courseId"] == course.id.as_str()).cloned()
        })
        .await
    }

    /// Gives an enrolment to an instructor. Learning gives out instructors by itself at the same time: then again.
    pub async fn assigns(&self, enrolment: &str, instructor: &Person) {
        let admin = self.staff("ADMINISTRATOR").await;
        until("an instructor to be assigned", || async {
            let ask = json!({ "instructorId": instructor.id });
            let answer =
                self.client.post(&format!("/v1/teaching/enrolments/{enrolment}:assign"), Some(&admin.access_token), ask).await.ok()?;
            if answer.reason() == "CHANGED_MEANWHILE" || answer.reason() == "NOT_AN_INSTRUCTOR" { None } else { Some(answer.ok()) }
        })
        .await;
    }

    /// Somebody with a role in a new token, by an administrator's grant.
    pub async fn appoints(&self, person: Person, role: &str) -> Person {
        let admin = self.staff("ADMINISTRATOR").await;
        let until = self.engines().clock().now().plus(std::time::Duration::from_secs(24 * 3600)).to_string();
        let grant =
            json!({ "personId": person.id, "role": role, "until": until, "reason": "stands in for a day", "idempotencyKey": key() });
        self.client.post("/v1/staff/grants", Some(&admin.access_token), grant).await.expect("granting answers").ok();
        self.signs_in(person).await
    }

    /// Asks for a link to upload so many bytes.
    pub async fn prepares(&self, person: &Person, course: &Course, size: usize) -> Value {
        let ask = json!({ "assignmentId": course.assignment, "sizeBytes": size.to_string(), "idempotencyKey": key() });
        self.client.post("/v1/uploads", Some(&person.access_token), ask).await.expect("preparing answers").ok()
    }

    /// Puts bytes where a prepared upload says.
    pub async fn puts(&self, upload: &Value, bytes: Bytes) -> Answer {
        let headers: Vec<_> = upload["headers"].as_array().into_iter().flatten().map(|h| (text(h, "name"), text(h, "value"))).collect();
        // The client writes these itself.
        let kept = headers.into_iter().filter(|(name, _)| !["host", "content-length"].contains(&name.to_ascii_lowercase().as_str()));
        self.client.send(Method::PUT, text(upload, "url"), &kept.collect::<Vec<_>>(), bytes).await.expect("the upload answers")
    }

    /// Uploads a photograph and sends it in; whatever comes of it.
    pub async fn tries_to_send_in(&self, person: &Person, course: &Course, photograph: Bytes, note: &str) -> Answer {
        let upload = self.prepares(person, course, photograph.len()).await;
        self.puts(&upload, photograph).await.ok_bytes();
        let ask = json!({ "uploadId": upload["uploadId"], "assignmentId": course.assignment, "note": note, "idempotencyKey": key() });
        self.client.post("/v1/submissions", Some(&person.access_token), ask).await.expect("sending in answers")
    }

    /// Uploads a photograph and sends it in: the submission's identifier.
    pub async fn sends_in(&self, person: &Person, course: &Course, photograph: Bytes, note: &str) -> String {
        let sent = self.tries_to_send_in(person, course, photograph, note).await.ok();
        text(&sent, "submissionId").to_owned()
    }

    /// An instructor answers a photograph, with the best points for everything.
    pub async fn answers(&self, instructor: &Person, learner: &Person, course: &Course, submission: &str, words: &str) -> Answer {
        let path = format!("/v1/assignments/{}?language=en", course.assignment);
        let task = self.client.get(&path, Some(&learner.access_token)).await.expect("the assignment answers").ok();
        let scores: Vec<_> = task["criteria"].as_array().into_iter().flatten().map(best).collect();
        let marks = json!([{ "points": [{ "x": 0.5, "y": 0.5 }], "text": "here" }]);
        let feedback = json!({ "text": words, "marks": marks, "scores": scores, "idempotencyKey": key() });
        let path = format!("/v1/teaching/submissions/{submission}/feedback");
        self.client.post(&path, Some(&instructor.access_token), feedback).await.expect("answering answers")
    }
}

fn best(criterion: &Value) -> Value {
    let levels = criterion["levels"].as_array().into_iter().flatten();
    let points = levels.filter_map(|level| level["points"].as_u64()).max().unwrap_or_default();
    json!({ "criterionId": criterion["criterionId"], "points": points })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
