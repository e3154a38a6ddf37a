//! The newsletter: by consent, and ended with one click.

use serde_json::json;

use super::{Broken, Teller};
use crate::story::{call::key, outside::linked, people::Person};

/// RFC 8058, section 3.1: how a mail program's one click arrives.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

pub async fn read_and_ended(teller: &mut Teller, reader: &Person) -> Result<(), Broken> {
    teller
        .step("Aigerim subscribes to the newsletter, by a consent of its own.", async |school| {
            let policy = school.get("/v1/policy?language=en").ok().await?;
            let (version, hash) = (policy.text("/version")?, policy.text("/newsletterConsentHash")?);
            let consent = json!({ "textVersion": version, "textHash": hash, "language": "en" });
            school.post("/v1/me/newsletter", consent).by(reader).ok().await?.is("/subscribed", true)
        })
        .await?;
    let subject = format!("First light {}", &key()[..8]);
    let link = teller
        .step("An issue goes out; its mail carries the link for one click.", async |school| {
            let admin = school.staff("ADMINISTRATOR").await?;
            let texts = json!([
                { "language": "ru", "subject": subject, "text": "В ноябре свет приходит поздно и остаётся низким." },
                { "language": "en", "subject": subject, "text": "In November the light comes late and stays low." },
            ]);
            school.post("/v1/newsletter/issues", json!({ "texts": texts, "idempotencyKey": key() })).by(&admin).ok().await?;
            school
                .mailed(&reader.email, &subject, |mail| {
                    let one_click = mail.contains(&subject) && mail.contains(&format!("List-Unsubscribe-Post: {ONE_CLICK}"));
                    one_click.then(|| linked(mail, "List-Unsubscribe: <"))?
                })
                .await
        })
        .await?;
    teller
        .step("One click, without signing in, ends the newsletter.", async |school| {
            let click = school.call(http::Method::POST, link.as_str()).body("application/x-www-form-urlencoded", ONE_CLICK);
            click.bytes().await?;
            let ended = school.get("/v1/me/newsletter").by(reader).ok().await?;
            ended.check(ended.json()["subscribed"] != true, "the subscription was to be over")?;
            ended.text("/endedAt").map(drop)
        })
        .await
}
