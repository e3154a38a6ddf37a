//! The newsletter: by consent, and ended with one click.

use anyhow::Result;
use http::Method;
use serde_json::json;

use super::{People, key};
use crate::{
    asking::{get, post, raw},
    mails::linked,
    process::School,
};

const SUBJECT: &str = "First light";

pub async fn read_and_ended(school: &School, people: &People) -> Result<()> {
    let reader = &people.aigerim;
    let policy = school.told(get("/v1/policy?language=en")).await?;
    let consent = json!({ "textVersion": policy["version"], "textHash": policy["newsletterConsentHash"], "language": "en" });
    school.told(post("/v1/me/newsletter", consent).by(&reader.access_token)).await?;
    let texts = json!([
        { "language": "ru", "subject": SUBJECT, "text": "В ноябре свет приходит поздно и остаётся низким." },
        { "language": "en", "subject": SUBJECT, "text": "In November the light comes late and stays low." },
    ]);
    let issue = json!({ "texts": texts, "idempotencyKey": key() });
    school.told(post("/v1/newsletter/issues", issue).by(&people.admin.access_token)).await?;
    let link = async || Ok(school.mail.to(&reader.email).iter().find_map(|mail| linked(mail, "List-Unsubscribe: <")));
    let link = school.until("the issue", link).await?;
    let click = raw(Method::POST, link, "List-Unsubscribe=One-Click").with("content-type", "application/x-www-form-urlencoded");
    school.told(click).await?;
    Ok(())
}
