//! The walk: a learner's way through the school, from the registration to the erasure, told by whoever stands outside and asks
//! again when nobody answers.

mod account;
mod course;
mod desk;
mod newsletter;
mod payment;
mod photograph;
mod review;
mod rights;

use anyhow::{Context, Result};
use serde_json::Value;
use testkit::Person;

use super::{
    asking::{get, post},
    evidence::{self, Evidence},
    process::School,
    remains::Remains,
};

/// Who takes part.
pub struct People {
    /// Learns, and is erased in the end.
    pub aigerim: Person,
    /// Gets the money back, and teaches for a day.
    pub bekzat: Person,
    /// Has no account.
    pub dana: Person,
    pub instructor: Person,
    pub support: Person,
    pub admin: Person,
}

impl People {
    pub fn all(&self) -> [(&'static str, &Person); 3] {
        [("the learner", &self.aigerim), ("the other learner", &self.bekzat), ("the stranger", &self.dana)]
    }
}

/// What a walk has left.
pub struct Walked {
    pub people: People,
    /// How many failpoints were passed before anybody came.
    pub passed_at_start: usize,
    /// Before the erasure.
    pub before: Evidence,
    /// What of the erased person is still there.
    pub remains: Vec<String>,
    /// Places in which the school breaks its word.
    pub wrong: Vec<String>,
}

pub async fn walk(school: &School) -> Result<Walked> {
    ready(school).await.context("the school is to be ready")?;
    let passed_at_start = school.passed().len();
    let (instructor, support, admin) =
        (staff(school, "INSTRUCTOR").await?, staff(school, "SUPPORT").await?, staff(school, "ADMINISTRATOR").await?);
    let course = course::read(school).await?;
    let aigerim = account::opened(school, "Aigerim").await.context("an account is opened")?;
    let aigerim = account::kept_up(school, aigerim).await.context("profile, password and sessions change")?;
    let bekzat = account::opened(school, "Bekzat").await?;
    let mut people = People { aigerim, bekzat, dana: account::somebody("Dana"), instructor, support, admin };

    payment::bought(school, &people.aigerim, &course).await.context("a course is bought")?;
    let order = payment::bought(school, &people.bekzat, &course).await?;
    payment::given_back(school, &people, &order).await.context("an order is given back")?;
    course::taken(school, &people.aigerim, &course).await.context("the course is taken")?;
    photograph::refused(school, &people.aigerim, &course).await.context("a file that is no photograph is sent in")?;
    let work = photograph::sent_in(school, &people.aigerim, &course).await.context("a photograph is sent in")?;
    people.bekzat = review::taught_for_a_day(school, &people, &course).await.context("somebody teaches for a day")?;
    review::given(school, &people, &course, &work).await.context("feedback is given")?;
    course::completed(school, &people.aigerim, &course).await.context("the course is completed")?;
    newsletter::read_and_ended(school, &people).await.context("the newsletter is read and ended")?;
    desk::answered(school, &people).await.context("questions are answered")?;
    rights::stopped_for_a_while(school, &people.aigerim).await.context("processing is restricted, and goes on")?;
    rights::copied(school, &people.aigerim).await.context("a copy is taken")?;

    quiet(school).await.context("before the erasure")?;
    let before = Evidence::of(&school.data(), &people).await?;
    let mut wrong = rights::counted(school, &people, &order).await?;
    let remains = Remains::of(&school.data(), &people.aigerim).await?;
    wrong.extend(rights::erased(school, &people.aigerim).await.context("the learner is erased")?);
    quiet(school).await.context("after the erasure")?;
    rights::gone(school, &people.aigerim).await?;
    Ok(Walked { people, passed_at_start, before, remains: remains.found(&school.data()), wrong })
}

/// Nothing is under way.
async fn quiet(school: &School) -> Result<()> {
    school.until("the school to be quiet", async || Ok(evidence::is_quiet(&school.data()).await.unwrap_or(false).then_some(()))).await
}

/// The demo accounts are there, and what followed from them is done.
async fn ready(school: &School) -> Result<()> {
    school.told(get("/v1/policy?language=en")).await?;
    school.until("the demo accounts", async || Ok(school.demo_accounts().exists().then_some(()))).await?;
    quiet(school).await
}

async fn staff(school: &School, role: &str) -> Result<Person> {
    let accounts: Vec<Value> = serde_json::from_slice(&std::fs::read(school.demo_accounts())?)?;
    let account = accounts.iter().find(|account| account["role"] == role).with_context(|| format!("no demo account is {role}"))?;
    let text = |name: &str| account[name].as_str().unwrap_or_default().to_owned();
    let mut person = account::somebody(role);
    (person.email, person.password) = (text("email"), text("password"));
    account::signed_in(school, person).await
}

fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// An enrolment's identifier, once the course is open and somebody teaches it.
async fn enrolled(school: &School, learner: &Person, course: &str) -> Result<String> {
    let open = async || {
        let mine = school.told(get("/v1/me/enrolments?language=en").by(&learner.access_token)).await?;
        let found = mine["enrolments"].as_array().into_iter().flatten().find(|one| one["courseId"] == *course && one["state"] == "OPEN");
        Ok(found.filter(|one| one["hasInstructor"] == true).map(|one| text(one, "enrolmentId")))
    };
    school.until("the enrolment", open).await
}

/// Posts without a body of interest.
async fn done(school: &School, path: String, token: &str) -> Result<Value> {
    school.told(post(path, serde_json::json!({})).by(token)).await
}
