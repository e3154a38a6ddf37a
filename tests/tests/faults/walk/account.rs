//! Accounts: opened, kept up, signed in to.

use anyhow::Result;
use http::StatusCode;
use serde_json::json;
use testkit::{Person, letters};
use uuid::Uuid;

use super::key;
use crate::{
    asking::{delete, get, patch, post},
    mails::linked,
    process::School,
};

/// Somebody whose names and address are theirs alone.
pub fn somebody(name: &str) -> Person {
    let marker = Uuid::new_v4().simple().to_string();
    let digits: String = marker.bytes().map(|byte| char::from(b'0' + byte % 10)).take(9).collect();
    Person {
        id: String::new(),
        first_name: format!("{name}{}", letters(&marker[..10])),
        last_name: format!("Bekov{}", letters(&marker[10..20])),
        email: format!("{}.{marker}@learner.example", name.to_lowercase()),
        phone: format!("+77{digits}"),
        password: format!("Frost {} over Charyn at dawn", &marker[20..]),
        access_token: String::new(),
        refresh_token: String::new(),
    }
}

/// Registered, confirmed, signed in.
pub async fn opened(school: &School, name: &str) -> Result<Person> {
    let person = somebody(name);
    let policy = school.told(get("/v1/policy?language=en")).await?;
    let (version, hash) = (&policy["version"], &policy["registrationConsentHash"]);
    let consent = json!({ "purpose": "ACCOUNT", "textVersion": version, "textHash": hash, "language": "en" });
    let registration = json!({
        "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
        "ageBracket": "ADULT", "password": person.password, "language": "en", "consents": [consent], "idempotencyKey": key(),
    });
    school.told(post("/v1/accounts", registration)).await?;
    let token = mailed(school, &person, "/confirm?token=").await?;
    school.told(post("/v1/accounts:confirm", json!({ "token": token })).or_done(&["LINK_USED"])).await?;
    signed_in(school, person).await
}

pub async fn signed_in(school: &School, mut person: Person) -> Result<Person> {
    let tokens = school.told(post("/v1/sessions", json!({ "email": person.email, "password": person.password }))).await?;
    (person.access_token, person.refresh_token) = (super::text(&tokens, "accessToken"), super::text(&tokens, "refreshToken"));
    person.id = school.told_text(get("/v1/me").by(&person.access_token), "/personId").await?;
    Ok(person)
}

/// The profile is corrected, the password set anew, the session renewed and ended; signed in again in the end.
pub async fn kept_up(school: &School, mut person: Person) -> Result<Person> {
    person.last_name = format!("{}a", person.last_name);
    let changed = json!({ "lastName": person.last_name });
    school.told(patch("/v1/me?updateMask=lastName", changed).by(&person.access_token)).await?;

    let forgotten = post("/v1/accounts:forgotPassword", json!({ "email": person.email }));
    let token = school.told_once(forgotten, async || Ok(link_to(school, &person, "/reset?token="))).await?;
    person.password = format!("Thaw {} over Charyn at noon", key());
    let reset = json!({ "token": token, "newPassword": person.password });
    school.told(post("/v1/accounts:resetPassword", reset).or_done(&["LINK_USED"])).await?;

    let person = signed_in(school, person).await?;
    // A trade whose answer was lost has spent the token: whoever held it signs in again.
    let spent = ["REFRESH_REUSED", "REFRESH_TOKEN_REUSED", "UNKNOWN_REFRESH_TOKEN", "REFRESH_RACED"];
    let trade = school.ask(&post("/v1/sessions:refresh", json!({ "refreshToken": person.refresh_token }))).await?;
    let token = match super::text(&trade.answer.json(), "accessToken") {
        token if !token.is_empty() => token,
        _ if trade.repeated && spent.contains(&trade.answer.reason().as_str()) => signed_in(school, person.clone()).await?.access_token,
        _ => anyhow::bail!("the refresh token was to be traded: {}", trade.answer.json()),
    };
    let ended = school.ask(&delete("/v1/sessions/current").by(&token)).await?;
    let over = ended.answer.status.is_success() || (ended.repeated && ended.answer.status == StatusCode::UNAUTHORIZED);
    anyhow::ensure!(over, "the session was to end: {}", ended.answer.json());
    signed_in(school, person).await
}

async fn mailed(school: &School, person: &Person, link: &str) -> Result<String> {
    school.until(link, async || Ok(link_to(school, person, link))).await
}

/// What the latest mail with such a link says.
fn link_to(school: &School, person: &Person, link: &str) -> Option<String> {
    school.mail.to(&person.email).iter().rev().find_map(|mail| linked(mail, link))
}
