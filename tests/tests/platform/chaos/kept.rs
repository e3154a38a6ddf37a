//! Every acknowledged write is asked for again, by the public contract, and must be there: once.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::{
    ask::{Ask, Told, shown},
    life::{School, text},
    record::{Kind, Life},
};

const AT_ONCE: usize = 4;

/// What became of what was written.
#[derive(Default)]
pub struct Tally {
    /// By kind: acknowledged, unknown, lost, doubled.
    pub counts: BTreeMap<Kind, [usize; 4]>,
    pub wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (kind, counts) in other.counts {
            let sums = self.counts.entry(kind).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        self.wrong.extend(other.wrong);
    }

    /// How many of a kind there are, against what its client knows.
    fn compare(&mut self, life: &Life, kind: Kind, found: &[String]) {
        let (fewest, most) = life.bounds(kind);
        let named = life.acknowledged(kind).filter(|write| !write.id.is_empty());
        let missing = named.filter(|write| !found.contains(&write.id)).count();
        let lost = missing.max(fewest.saturating_sub(found.len()));
        let doubled = found.len().saturating_sub(most);
        self.note(life, kind, lost, doubled);
    }

    pub fn note(&mut self, life: &Life, kind: Kind, lost: usize, doubled: usize) {
        let sums = self.counts.entry(kind).or_default();
        sums[2] += lost;
        sums[3] += doubled;
        if lost + doubled > 0 {
            self.wrong.push(format!("{} of {}: {lost} lost, {doubled} doubled", kind.name(), life.person.id));
        }
    }
}

pub async fn everything(school: &School, lives: &[Life]) -> Tally {
    let mut all = Tally::default();
    let mut asked = stream::iter(lives).map(|life| of_one(school, life.clone())).buffer_unordered(AT_ONCE);
    while let Some(tally) = asked.next().await {
        all.add(tally);
    }
    all
}

async fn of_one(school: &School, mut life: Life) -> Tally {
    let mut tally = Tally::default();
    for write in &life.writes {
        tally.counts.entry(write.kind).or_default()[usize::from(!write.acknowledged)] += 1;
    }
    // Whoever is not answered has asked for far longer than any fault lasts: unknown is what they wrote, and wrong that they must wait.
    if let Some(ended) = &life.ended {
        tally.wrong.push(format!("the learner {} came to an end: {ended}", life.person.id));
    }
    if let Err(error) = looked_for(school, &mut life, &mut tally).await {
        tally.wrong.push(format!("the learner {}: {error:#}", life.person.id));
    }
    tally
}

async fn looked_for(school: &School, life: &mut Life, tally: &mut Tally) -> Result<()> {
    if life.asked_for_erasure() {
        return is_gone(school, life, tally).await;
    }
    if !life.has(Kind::Confirmation) {
        return waits_for_confirmation(school, life, tally).await;
    }
    if let Err(error) = school.signs_in(life).await {
        tally.note(life, Kind::Account, 1, 0);
        return Err(error);
    }
    let me = school.get(life, "/v1/me").await?;
    let person = &life.person;
    ensure!(me["email"] == *person.email && me["firstName"] == *person.first_name && me["phone"] == *person.phone, "another profile");

    let orders = school.get(life, "/v1/orders").await?;
    tally.compare(life, Kind::Order, &every(&orders, "orders", "orderId"));
    let paid: Vec<String> = list(&orders, "orders").filter(|order| order["state"] == "PAID").map(|order| text(order, "orderId")).collect();
    tally.compare(life, Kind::Payment, &paid);
    let enrolments = school.enrolments(life).await?;
    ensure!(enrolments == usize::from(!paid.is_empty()), "{} paid orders and {enrolments} enrolments", paid.len());
    if life.has(Kind::Lesson) {
        let progress = school.get(life, &format!("/v1/me/enrolments/{}/progress", school.course)).await?;
        let ids: Vec<String> = list(&progress, "completedLessonIds").filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        tally.compare(life, Kind::Lesson, &ids);
    }
    let sent = school.get(life, "/v1/me/submissions").await?;
    tally.compare(life, Kind::Photograph, &every(&sent, "submissions", "submissionId"));
    let tickets = school.get(life, "/v1/me/tickets").await?;
    tally.compare(life, Kind::Ticket, &every(&tickets, "tickets", "ticketId"));
    let consents = school.get(life, "/v1/me/consents").await?;
    let given = list(&consents, "consents").count();
    ensure!(given == 1, "the consent of the registration is recorded once, not {given} times");
    rights(school, life, tally).await
}

async fn rights(school: &School, life: &mut Life, tally: &mut Tally) -> Result<()> {
    let mut mine = school.get(life, "/v1/me/requests").await?;
    if list(&mine, "requests").any(|one| one["kind"] == "COPY" && !one["doneAt"].is_string()) {
        // Whoever never got it asks again; it is the same request.
        school.takes_a_copy(&mut life.clone()).await?;
        mine = school.get(life, "/v1/me/requests").await?;
    }
    let of = |kind: &str| list(&mine, "requests").filter(|one| one["kind"] == kind).map(|one| text(one, "requestId")).collect::<Vec<_>>();
    let copies = list(&mine, "requests").filter(|one| one["kind"] == "COPY" && one["doneAt"].is_string()).count();
    // Whoever was not told that it was whole has taken another.
    tally.note(life, Kind::Copy, usize::from(life.has(Kind::Copy) && copies == 0), 0);
    tally.compare(life, Kind::Restriction, &of("RESTRICTION"));
    tally.compare(life, Kind::Lifting, &of("LIFTING"));
    Ok(())
}

/// Registered, and nobody knows whether more.
async fn waits_for_confirmation(school: &School, life: &Life, tally: &mut Tally) -> Result<()> {
    if life.has(Kind::Account) {
        let answer = signing_in(school, life).await?;
        let there = answer.status.is_success() || answer.reason() == "NOT_CONFIRMED";
        tally.note(life, Kind::Account, usize::from(!there), 0);
    }
    Ok(())
}

/// The receipt is there, and the account is not.
async fn is_gone(school: &School, life: &Life, tally: &mut Tally) -> Result<()> {
    if let Some(token) = &life.receipt {
        let place = format!("/v1/receipts/{token}");
        let done = || async {
            let receipt = school.asker.told(Ask::get(&*place)).await?;
            ensure!(receipt["state"] != "CONTRADICTED", "a service contradicts the erasure: {receipt}");
            Ok((receipt["state"] == "DONE").then_some(receipt))
        };
        let receipt = school.asker.until("the receipt", done).await?;
        let whole = ["document", "signature", "keyId"].iter().all(|part| receipt[*part].as_str().is_some_and(|text| !text.is_empty()));
        ensure!(whole, "the receipt is whole: {receipt}");
    }
    if life.has(Kind::Erasure) {
        let gone = || async { Ok((signing_in(school, life).await?.reason() == "WRONG_CREDENTIALS").then_some(())) };
        let gone = school.asker.until("the account to be gone", gone).await;
        tally.note(life, Kind::Erasure, usize::from(gone.is_err()), 0);
    }
    Ok(())
}

async fn signing_in(school: &School, life: &Life) -> Result<testkit::Answer> {
    match school.asker.ask(&Ask::post("/v1/sessions", life.person.credentials())).await {
        Told::Answer(answer) if answer.status.is_success() || !answer.reason().is_empty() => Ok(answer),
        Told::Answer(answer) => bail!("signing in: {}", shown(&answer)),
        Told::Done => bail!("signing in is never repeated"),
        Told::Unknown(last) => bail!("signing in is not answered: {last}"),
    }
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn every(value: &Value, name: &str, id: &str) -> Vec<String> {
    list(value, name).map(|one| text(one, id)).collect()
}
