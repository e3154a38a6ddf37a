//! A small load: learners who come, buy the course, take lessons and ask questions, one after the other, until they are told to stop.
//! Each notes what the school has acknowledged; in the end all of it must be there, once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{Client, Mailbox};
use tokio::task::JoinSet;

use crate::{
    platform::Platform,
    story::{Person, call::key, outside::linked},
    told::{shown, told, until},
};

/// How many learners are at it at a time.
const WALKERS: usize = 3;
/// What each learner completes.
const LESSONS: usize = 3;

/// What was acknowledged to one learner.
pub struct Done {
    person: Person,
    order: String,
    lessons: Vec<String>,
    ticket: String,
}

/// Learners at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    walkers: JoinSet<Result<Vec<Done>>>,
    school: School,
}

/// What every learner needs to know.
#[derive(Clone)]
struct School {
    client: Client,
    mail: Mailbox,
    course: String,
    lessons: Vec<String>,
}

impl Load {
    pub async fn begin(platform: &Platform) -> Result<Self> {
        let client = platform.client()?;
        let get = async |path: String| told(&client, Method::GET, &path, "", None, &[]).await;
        let courses = get("/v1/courses?language=en".into()).await?;
        let found = courses["courses"].as_array().into_iter().flatten().find(|course| course["slug"] == "light-and-line");
        let course = text(found.context("the demo course is there")?, "courseId");
        let whole = get(format!("/v1/courses/{course}?language=en")).await?;
        let modules = whole["modules"].as_array().cloned().unwrap_or_default();
        let lessons = modules.iter().flat_map(|module| module["lessons"].as_array().into_iter().flatten());
        let lessons = lessons.map(|lesson| text(lesson, "lessonId")).take(LESSONS).collect();
        let mail = Mailbox::new(platform.said("KOLSAI_MAIL").trim_start_matches("folder:").as_ref());
        let school = School { client: client.clone(), mail, course, lessons };
        let (stop, mut walkers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for _ in 0..WALKERS {
            let (stop, school) = (stop.clone(), school.clone());
            walkers.spawn(async move {
                let mut done = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    done.push(school.walk().await?);
                }
                Ok(done)
            });
        }
        Ok(Self { stop, walkers, school })
    }

    /// Whoever is on the way arrives; then everything acknowledged is looked for. How many learners there were.
    pub async fn end(mut self) -> Result<usize> {
        self.stop.store(true, Ordering::SeqCst);
        let mut learners = Vec::new();
        while let Some(walker) = self.walkers.join_next().await {
            learners.extend(walker??);
        }
        for learner in &learners {
            self.school.has_kept(learner).await.with_context(|| format!("the learner {}", learner.person.id))?;
        }
        Ok(learners.len())
    }
}

impl School {
    async fn walk(&self) -> Result<Done> {
        let person = self.joins(Person::new("Nurlan", "Sadykov")).await.context("joining")?;
        let token = person.token.as_str();
        let order = json!({ "courseId": self.course, "idempotencyKey": key() });
        let order = text(&self.post("/v1/orders", token, order).await?, "orderId");
        let place = format!("/v1/orders/{order}");
        let page =
            until("the partner's page", || async { Ok(self.get(&place, token).await?["paymentUrl"].as_str().map(str::to_owned)) }).await?;
        self.pays(&page).await?;
        until("the order to be paid", || async { Ok((self.get(&place, token).await?["state"] == "PAID").then_some(())) }).await?;
        until("the enrolment", || async { Ok((self.enrolments(token).await? == 1).then_some(())) }).await?;
        for lesson in &self.lessons {
            self.post(&format!("/v1/lessons/{lesson}:complete"), token, json!({})).await?;
        }
        let question = json!({ "topic": "QUESTION", "text": "Which tripod for the steppe?", "idempotencyKey": key() });
        let ticket = text(&self.post("/v1/tickets", token, question).await?, "ticketId");
        Ok(Done { order, ticket, lessons: self.lessons.clone(), person })
    }

    async fn joins(&self, mut person: Person) -> Result<Person> {
        let policy = self.get("/v1/policy?language=en", "").await?;
        let consent = json!({ "purpose": "ACCOUNT", "textVersion": policy["version"], "textHash": policy["registrationConsentHash"], "language": "en" });
        let registration = json!({
            "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
            "ageBracket": "ADULT", "password": person.password, "language": "en", "consents": [consent], "idempotencyKey": key(),
        });
        self.post("/v1/accounts", "", registration).await?;
        let mailed = || async { Ok(self.mail.to(&person.email).iter().rev().find_map(|mail| linked(mail, "/confirm?token="))) };
        let link = until("the mail that confirms", mailed).await?;
        told(&self.client, Method::POST, "/v1/accounts:confirm", "", Some(json!({ "token": link })), &["LINK_USED"]).await?;
        let tokens = self.post("/v1/sessions", "", person.credentials()).await?;
        person.token = text(&tokens, "accessToken");
        person.id = text(&self.get("/v1/me", &person.token).await?, "personId");
        Ok(person)
    }

    /// The partner's page, in a browser; who gets no page tries again.
    async fn pays(&self, page: &str) -> Result<()> {
        let form = "card_number=4242424242424242&outcome=paid";
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        until("the partner to take the money", || async {
            let answer = self.client.send(Method::POST, page, &headers, form.into()).await;
            Ok(answer.is_ok_and(|answer| answer.status.is_success()).then_some(()))
        })
        .await
    }

    /// Everything that was acknowledged is there, and nothing twice.
    async fn has_kept(&self, done: &Done) -> Result<()> {
        let token = done.person.token.as_str();
        let orders = self.get("/v1/orders", token).await?;
        let paid: Vec<&Value> = orders["orders"].as_array().into_iter().flatten().collect();
        ensure!(paid.len() == 1 && paid[0]["orderId"] == done.order.as_str() && paid[0]["state"] == "PAID", "one paid order: {orders}");
        let enrolments = self.enrolments(token).await?;
        ensure!(enrolments == 1, "a paid order is exactly one enrolment, not {enrolments}");
        let progress = self.get(&format!("/v1/me/enrolments/{}/progress", self.course), token).await?;
        let completed: Vec<String> =
            progress["completedLessonIds"].as_array().into_iter().flatten().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        ensure!(done.lessons.iter().all(|lesson| completed.contains(lesson)), "completed lessons stay completed: {progress}");
        let tickets = self.get("/v1/me/tickets", token).await?;
        let own: Vec<&Value> = tickets["tickets"].as_array().into_iter().flatten().collect();
        ensure!(own.len() == 1 && own[0]["ticketId"] == done.ticket.as_str(), "one ticket: {tickets}");
        let consents = self.get("/v1/me/consents", token).await?;
        let given = consents["consents"].as_array().into_iter().flatten().count();
        ensure!(given == 1, "the consent of the registration is recorded once: {consents}");
        Ok(())
    }

    async fn enrolments(&self, token: &str) -> Result<usize> {
        let mine = self.get("/v1/me/enrolments?language=en", token).await?;
        Ok(mine["enrolments"].as_array().into_iter().flatten().filter(|one| one["courseId"] == self.course.as_str()).count())
    }

    async fn get(&self, path: &str, token: &str) -> Result<Value> {
        told(&self.client, Method::GET, path, token, None, &[]).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Result<Value> {
        told(&self.client, Method::POST, path, token, Some(body), &[]).await
    }
}

/// Reads without a pause and without a second try, until it is told to stop: whoever must not notice a change. How many calls were made.
pub async fn reads(client: Client, path: String, token: String, stop: Arc<AtomicBool>) -> Result<usize> {
    let mut calls = 0;
    while !stop.load(Ordering::SeqCst) {
        let answer = client.get(&path, Some(&token)).await.with_context(|| format!("call {calls}"))?;
        ensure!(answer.status.is_success(), "call {calls} failed: {}", shown(&answer));
        calls += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(calls)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
