//! Orders: paid at the partner's page, and given back.

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::json;
use testkit::Person;

use super::{People, course::Course, enrolled, key};
use crate::{
    asking::{get, post},
    process::School,
};

/// The order's identifier, when it is paid and the course is open.
pub async fn bought(school: &School, learner: &Person, course: &Course) -> Result<String> {
    let ask = json!({ "courseId": course.id, "idempotencyKey": key() });
    let order = school.told_text(post("/v1/orders", ask).by(&learner.access_token), "/orderId").await?;
    let place = format!("/v1/orders/{order}");
    let page = async || {
        let shown = school.told(get(&*place).by(&learner.access_token)).await?;
        Ok(shown["paymentUrl"].as_str().map(str::to_owned))
    };
    pay(&school.until("the partner's page", page).await?).await?;
    state(school, learner, &order, "PAID").await?;
    enrolled(school, learner, &course.id).await?;
    Ok(order)
}

async fn state(school: &School, learner: &Person, order: &str, state: &str) -> Result<()> {
    let place = format!("/v1/orders/{order}");
    let there = async || Ok((school.told(get(&*place).by(&learner.access_token)).await?["state"] == *state).then_some(()));
    school.until(&format!("the order to be {state}"), there).await
}

pub async fn given_back(school: &School, people: &People, order: &str) -> Result<()> {
    let ask = json!({ "reason": "WITHDRAWN", "idempotencyKey": key() });
    school.told(post(format!("/v1/orders/{order}:refund"), ask).by(&people.admin.access_token)).await?;
    state(school, &people.bekzat, order, "REFUNDED").await?;
    let closed = async || {
        let mine = school.told(get("/v1/me/enrolments?language=en").by(&people.bekzat.access_token)).await?;
        Ok(mine["enrolments"].as_array().into_iter().flatten().all(|one| one["state"] != "OPEN").then_some(()))
    };
    school.until("the course to be closed", closed).await
}

/// The partner's own page, in a browser. It is somebody else's, and does not die.
async fn pay(url: &str) -> Result<()> {
    #[allow(clippy::disallowed_methods, reason = "a person's browser, not a way out of the school")]
    let builder = Client::builder(TokioExecutor::new());
    let browser: Client<_, Full<Bytes>> = builder.build_http();
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from_static(b"card_number=4242424242424242&outcome=paid")))?;
    let (head, body) = browser.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    ensure!(head.status == StatusCode::OK, "{} {}", head.status, String::from_utf8_lossy(&body));
    if body.is_empty() { bail!("the page is empty") } else { Ok(()) }
}
