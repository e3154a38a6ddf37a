//! The load: people who come to the school, one after the other, and do what the story does. Each notes what was acknowledged.

use std::{io::Cursor, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use image::{ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use serde_json::{Value, json};
use testkit::Mailbox;
use tokio::time::Instant;
use zip::ZipArchive;

use crate::{
    ask::{Ask, Asker, Told, shown},
    platform::Platform,
    record::{Kind, Life},
    story::{Person, answers, call::key, outside::linked},
};

/// What each of them completes.
const LESSONS: usize = 4;
/// Whoever has been here for so long signs in again: access tokens are short.
const SESSION: Duration = Duration::from_secs(240);

/// What everybody needs to know of the school.
#[derive(Clone)]
pub struct School {
    pub asker: Asker,
    mail: Mailbox,
    pub course: String,
    lessons: Vec<String>,
    test: String,
    assignment: String,
}

impl School {
    pub async fn visit(platform: &Platform) -> Result<Self> {
        let asker = Asker::new(platform.client()?);
        let courses = asker.told(Ask::get("/v1/courses?language=en")).await?;
        let found = courses["courses"].as_array().into_iter().flatten().find(|course| course["slug"] == "light-and-line");
        let course = text(found.context("the demo course is there")?, "courseId");
        let whole = asker.told(Ask::get(format!("/v1/courses/{course}?language=en"))).await?;
        let modules = whole["modules"].as_array().cloned().unwrap_or_default();
        let of =
            |name: &str| modules.iter().map(|module| text(module, name)).find(|id| !id.is_empty()).with_context(|| format!("a {name}"));
        let lessons = modules.iter().flat_map(|module| module["lessons"].as_array().into_iter().flatten());
        let lessons = lessons.map(|lesson| text(lesson, "lessonId")).take(LESSONS).collect();
        Ok(Self { asker, mail: platform.mail(), test: of("testId")?, assignment: of("assignmentId")?, course, lessons })
    }

    /// The how-manieth it is decides what they do.
    pub async fn live(&self, number: usize) -> Life {
        let mut life = Life::new(Person::new("Nurlan", "Sadykov"));
        if let Err(error) = self.walk(&mut life, number).await {
            life.ended = Some(format!("{error:#}"));
        }
        life
    }

    async fn walk(&self, life: &mut Life, number: usize) -> Result<()> {
        self.joins(life).await.context("joining")?;
        self.buys(life).await.context("buying")?;
        for lesson in &self.lessons {
            let done = Ask::post(format!("/v1/lessons/{lesson}:complete"), json!({}));
            self.writes(life, Kind::Lesson, done, "").await?;
            if let Some(write) = life.writes.last_mut() {
                write.id.clone_from(lesson);
            }
        }
        self.takes_the_test(life).await.context("the test")?;
        if number.is_multiple_of(2) {
            self.sends_in(life).await.context("a photograph")?;
        }
        let question = json!({ "topic": "QUESTION", "text": "Which tripod for the steppe?", "idempotencyKey": key() });
        self.writes(life, Kind::Ticket, Ask::post("/v1/tickets", question), "ticketId").await?;
        if number % 4 == 1 {
            self.stops_for_a_while(life, Kind::Restriction, "/v1/me/restriction").await?;
            self.stops_for_a_while(life, Kind::Lifting, "/v1/me/restriction:lift").await?;
        }
        if number % 3 != 1 {
            self.takes_a_copy(life).await.context("a copy")?;
        }
        if number % 3 == 2 {
            self.is_erased(life).await.context("the erasure")?;
        }
        Ok(())
    }

    async fn joins(&self, life: &mut Life) -> Result<()> {
        let policy = self.asker.told(Ask::get("/v1/policy?language=en")).await?;
        let consent = json!({ "purpose": "ACCOUNT", "textVersion": policy["version"], "textHash": policy["registrationConsentHash"], "language": "en" });
        let person = &life.person;
        let registration = json!({
            "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
            "ageBracket": "ADULT", "password": person.password, "language": "en", "consents": [consent], "idempotencyKey": key(),
        });
        self.writes(life, Kind::Account, Ask::post("/v1/accounts", registration), "").await?;
        let email = life.person.email.clone();
        let mailed = || async { Ok(self.mail.to(&email).iter().rev().find_map(|mail| linked(mail, "/confirm?token="))) };
        let link = self.asker.until("the mail that confirms", mailed).await?;
        let confirm = Ask::post("/v1/accounts:confirm", json!({ "token": link })).or_done(&["LINK_USED"]);
        self.writes(life, Kind::Confirmation, confirm, "").await?;
        self.signs_in(life).await
    }

    pub async fn signs_in(&self, life: &mut Life) -> Result<()> {
        let tokens = self.asker.told(Ask::post("/v1/sessions", life.person.credentials())).await?;
        life.person.token = text(&tokens, "accessToken");
        life.signed_in = Some(Instant::now());
        life.person.id = text(&self.get(life, "/v1/me").await?, "personId");
        Ok(())
    }

    async fn buys(&self, life: &mut Life) -> Result<()> {
        let order = Ask::post("/v1/orders", json!({ "courseId": self.course, "idempotencyKey": key() }));
        let order = text(&self.writes(life, Kind::Order, order, "orderId").await?, "orderId");
        let place = format!("/v1/orders/{order}");
        let seen: &Life = life;
        let page = || async { Ok(self.get(seen, &place).await?["paymentUrl"].as_str().map(str::to_owned)) };
        let page = self.asker.until("the partner's page", page).await?;
        self.pays(&page).await?;
        let paid = || async { Ok((self.get(seen, &place).await?["state"] == "PAID").then_some(())) };
        self.asker.until("the order to be paid", paid).await?;
        life.wrote(Kind::Payment, order, true);
        let seen: &Life = life;
        let enrolled = || async { Ok((self.enrolments(seen).await? > 0).then_some(())) };
        self.asker.until("the enrolment", enrolled).await
    }

    /// The partner's page, in a browser; who gets no page tries again.
    async fn pays(&self, page: &str) -> Result<()> {
        let form = Ask { body: "card_number=4242424242424242&outcome=paid".into(), method: Method::POST, ..Ask::get(page) };
        // Whoever sends the form again, because no page came, is told that it is paid.
        match self.asker.ask(&form.with("content-type", "application/x-www-form-urlencoded")).await {
            Told::Answer(answer) if answer.status.is_success() || answer.status == StatusCode::CONFLICT => Ok(()),
            Told::Answer(answer) => bail!("the partner was to take the money: {}", shown(&answer)),
            Told::Done => Ok(()),
            Told::Unknown(last) => bail!("the partner does not answer: {last}"),
        }
    }

    async fn takes_the_test(&self, life: &mut Life) -> Result<()> {
        let sheet = self.get(life, &format!("/v1/tests/{}?language=en", self.test)).await?;
        let questions = || sheet["questions"].as_array().into_iter().flatten();
        let wrong: Vec<_> = questions().map(answers::wrong).collect();
        let right: Vec<_> = questions().filter_map(|question| answers::right(question["questionId"].as_str()?)).collect();
        for (answers, passes) in [(wrong, false), (right, true)] {
            let ask = json!({ "answers": answers, "language": "en", "idempotencyKey": key() });
            let attempt = Ask::post(format!("/v1/tests/{}/attempts", self.test), ask);
            let result = self.writes(life, Kind::Attempt, attempt, "attemptId").await?;
            ensure!((result["passed"] == true) == passes, "right answers pass, wrong ones do not: {result}");
        }
        Ok(())
    }

    async fn sends_in(&self, life: &mut Life) -> Result<()> {
        let photograph = shore()?;
        let ask = json!({ "assignmentId": self.assignment, "sizeBytes": photograph.len().to_string(), "idempotencyKey": key() });
        let upload = self.told(life, Ask::post("/v1/uploads", ask)).await?;
        let mut put = Ask { method: Method::PUT, body: photograph, ..Ask::get(text(&upload, "url")) };
        for header in upload["headers"].as_array().into_iter().flatten() {
            let name = text(header, "name").to_lowercase();
            // The client writes these itself.
            if name != "host" && name != "content-length" {
                put = put.with(&name, &text(header, "value"));
            }
        }
        self.asker.told(put).await?;
        let ask =
            json!({ "uploadId": upload["uploadId"], "assignmentId": self.assignment, "note": "Calm water.", "idempotencyKey": key() });
        self.writes(life, Kind::Photograph, Ask::post("/v1/submissions", ask), "submissionId").await.map(drop)
    }

    /// A restriction, or its end: asked for, and in force.
    async fn stops_for_a_while(&self, life: &mut Life, kind: Kind, path: &str) -> Result<()> {
        let asked = text(&self.writes(life, kind, Ask::post(path, json!({})), "requestId").await?, "requestId");
        let seen: &Life = life;
        let in_force = || async {
            let mine = self.get(seen, "/v1/me/requests").await?;
            let found = mine["requests"].as_array().into_iter().flatten().find(|one| one["requestId"] == *asked).cloned();
            Ok(found.filter(|one| one["inForceAt"].is_string() && one["toldAt"].is_string()).map(drop))
        };
        self.asker.until(&format!("{} to be in force", kind.name()), in_force).await
    }

    /// Whoever does not get the whole archive asks again.
    pub async fn takes_a_copy(&self, life: &mut Life) -> Result<()> {
        let seen: &Life = life;
        let whole = || async {
            match self.asker.ask(&Ask::get("/v1/me/copy").by(&seen.person.token)).await {
                Told::Answer(answer) if answer.status.is_success() => Ok(ZipArchive::new(Cursor::new(answer.body)).is_ok().then_some(())),
                Told::Answer(answer) => bail!("the copy was to be made: {}", shown(&answer)),
                Told::Done => Ok(None),
                Told::Unknown(last) => bail!("the copy is not answered: {last}"),
            }
        };
        self.asker.until("a whole copy", whole).await?;
        life.wrote(Kind::Copy, "", true);
        Ok(())
    }

    async fn is_erased(&self, life: &mut Life) -> Result<()> {
        // With the order goes the session, or already the person, that could ask again.
        let order = Ask::post("/v1/me/erasure", json!({ "idempotencyKey": key() })).or_done(&["SESSION_ENDED", "NO_SUCH_PERSON"]);
        let order = self.writes(life, Kind::Erasure, order, "").await?;
        life.receipt = order["receiptToken"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Makes a write and notes what was said of it.
    async fn writes(&self, life: &mut Life, kind: Kind, ask: Ask, id: &str) -> Result<Value> {
        if life.signed_in.is_some_and(|since| since.elapsed() > SESSION) {
            self.signs_in(life).await?;
        }
        let ask = if life.person.token.is_empty() { ask } else { ask.by(&life.person.token) };
        match self.asker.ask(&ask).await {
            Told::Answer(answer) if answer.status.is_success() => {
                let told = answer.json();
                life.wrote(kind, text(&told, id), true);
                Ok(told)
            }
            Told::Answer(answer) => bail!("{} were to be taken: {}", kind.name(), shown(&answer)),
            Told::Done => {
                life.wrote(kind, "", true);
                Ok(Value::Null)
            }
            Told::Unknown(last) => {
                life.wrote(kind, "", false);
                bail!("{} are not answered: {last}", kind.name())
            }
        }
    }

    pub async fn enrolments(&self, life: &Life) -> Result<usize> {
        let mine = self.get(life, "/v1/me/enrolments?language=en").await?;
        Ok(mine["enrolments"].as_array().into_iter().flatten().filter(|one| one["courseId"] == *self.course).count())
    }

    pub async fn get(&self, life: &Life, path: &str) -> Result<Value> {
        self.told(life, Ask::get(path)).await
    }

    async fn told(&self, life: &Life, ask: Ask) -> Result<Value> {
        self.asker.told(ask.by(&life.person.token)).await
    }
}

/// A shore at dusk.
fn shore() -> Result<Bytes> {
    let (width, height) = (640, 480);
    let shore = RgbImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(255 * (height - y) / height).unwrap_or(u8::MAX);
        if x > y { Rgb([light / 2, light / 3 + 40, 200 - light / 4]) } else { Rgb([250, 220, 160]) }
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 85).write_image(&shore, width, height, image::ExtendedColorType::Rgb8)?;
    Ok(jpeg.into())
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
