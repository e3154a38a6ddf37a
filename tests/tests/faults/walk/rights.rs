//! Rights: a copy, and the erasure with its receipt.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::Person;

use super::{People, key};
use crate::{
    asking::{get, post},
    database::{Database, blob},
    process::School,
};

pub async fn copied(school: &School, learner: &Person) -> Result<()> {
    let copy = school.ask(&get("/v1/me/copy").by(&learner.access_token)).await?.answer;
    ensure!(copy.status.is_success() && copy.body.starts_with(b"PK"), "the copy is an archive: {}", copy.status);
    Ok(())
}

/// A restriction, its lifting, and a purpose withdrawn: each in force before the next begins.
pub async fn stopped_for_a_while(school: &School, learner: &Person) -> Result<()> {
    for (path, body) in [
        ("/v1/me/restriction", json!({})),
        ("/v1/me/restriction:lift", json!({})),
        ("/v1/me/withdrawals", json!({ "purpose": "STATISTICS" })),
    ] {
        let asked = school.told(post(path, body).by(&learner.access_token)).await?;
        let in_force = async || {
            let mine = school.told(get("/v1/me/requests").by(&learner.access_token)).await?;
            let found = mine["requests"].as_array().into_iter().flatten().find(|one| one["requestId"] == asked["requestId"]).cloned();
            Ok(found.filter(|one| one["inForceAt"].is_string() && one["toldAt"].is_string()))
        };
        school.until("the request to be in force", in_force).await?;
    }
    let state = school.told(get("/v1/me/processing").by(&learner.access_token)).await?;
    ensure!(state["restricted"] != true && state["withdrawn"] == json!(["STATISTICS"]), "the state is what was asked for: {state}");
    Ok(())
}

/// What must be there exactly once, counted for the learner alone.
pub async fn counted(school: &School, people: &People, refunded: &str) -> Result<Vec<String>> {
    let (learner, refunded) = (blob(&people.aigerim.id)?, blob(refunded)?);
    let mut wrong = Vec::new();
    for (service, what, sql, expected) in [
        ("identity", "accounts", format!("SELECT count(*) FROM account WHERE person = {learner}"), 1),
        ("payment", "orders", format!("SELECT count(*) FROM course_order WHERE person_id = {learner}"), 1),
        (
            "payment",
            "sets of entries in the ledger",
            format!("SELECT count(DISTINCT order_version) FROM ledger_entry WHERE person_id = {learner}"),
            1,
        ),
        ("payment", "entries in the ledger", format!("SELECT count(*) FROM ledger_entry WHERE person_id = {learner}"), 2),
        ("payment", "differences in the books", "SELECT sum(debit_minor) - sum(credit_minor) FROM ledger_entry".into(), 0),
        ("payment", "receipts of the refunded order", format!("SELECT count(*) FROM tax_receipt WHERE order_id = {refunded}"), 2),
        ("learning", "enrolments", format!("SELECT count(*) FROM enrolment WHERE learner_id = {learner}"), 1),
        ("learning", "submissions", format!("SELECT count(*) FROM submission WHERE learner_id = {learner}"), 1),
        ("learning", "answers", format!("SELECT count(*) FROM feedback WHERE learner_id = {learner}"), 1),
        ("learning", "certificates", format!("SELECT count(*) FROM certificate WHERE learner_id = {learner}"), 1),
        ("communication", "newsletter subscriptions", format!("SELECT count(*) FROM subscription WHERE person = {learner}"), 1),
        ("privacy", "requests about the learner's state", format!("SELECT count(*) FROM state_request WHERE person = {learner}"), 3),
        ("privacy", "changes of their state", format!("SELECT version FROM processing WHERE person = {learner}"), 3),
        (
            "privacy",
            "consents, to the registration and to the newsletter",
            format!("SELECT count(*) FROM consent WHERE person = {learner}"),
            2,
        ),
    ] {
        let count = Database::one(&school.data(), service).await?.number(&sql).await?;
        if count != expected {
            wrong.push(format!("{count} {what} in place of {expected}"));
        }
    }
    for database in Database::all(&school.data()).await? {
        if database.has("parked").await? && database.number("SELECT count(*) FROM parked").await? > 0 {
            wrong.push(format!("{} has set events aside", database.service));
        }
    }
    Ok(wrong)
}

/// The receipt is there once; says what is wrong with it.
pub async fn erased(school: &School, learner: &Person) -> Result<Vec<String>> {
    let order = school.ask(&post("/v1/me/erasure", json!({ "idempotencyKey": key() })).by(&learner.access_token)).await?;
    let mut wrong = Vec::new();
    match order.answer.json()["receiptToken"].as_str() {
        Some(token) => {
            let place = format!("/v1/receipts/{token}");
            let done = async || {
                let receipt = school.told(get(&*place)).await?;
                ensure!(receipt["state"] != "CONTRADICTED", "a service contradicts the erasure: {receipt}");
                Ok((receipt["state"] == "DONE").then_some(receipt))
            };
            let receipt: Value = school.until("the receipt", done).await?;
            let whole = ["document", "signature", "keyId"].iter().all(|part| receipt[*part].as_str().is_some_and(|text| !text.is_empty()));
            ensure!(whole, "the receipt is whole: {receipt}");
        }
        // The order was carried out while its answer was under way, and with it went the session, or already the person, that could ask
        // again. The receipt is there, and the one token that fetches it was never heard.
        None if order.repeated && ["SESSION_ENDED", "NO_SUCH_PERSON"].contains(&order.answer.reason().as_str()) => {}
        None => wrong.push(format!("the erasure is not ordered: {}", order.answer.json())),
    }
    Ok(wrong)
}

pub async fn gone(school: &School, learner: &Person) -> Result<()> {
    let again = json!({ "email": learner.email, "password": learner.password });
    let again = school.ask(&post("/v1/sessions", again)).await?.answer;
    ensure!(again.reason() == "WRONG_CREDENTIALS", "the account was to be gone: {}", again.json());
    Ok(())
}
