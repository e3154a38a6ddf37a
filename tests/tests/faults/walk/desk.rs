//! The support desk: a learner's ticket, and the letter of somebody without an account.

use anyhow::Result;
use serde_json::json;

use super::{People, done, key};
use crate::{asking::post, process::School};

pub async fn answered(school: &School, people: &People) -> Result<()> {
    let (learner, agent) = (&people.aigerim.access_token, &people.support.access_token);
    let question = json!({ "topic": "QUESTION", "text": "May I write on a file?", "idempotencyKey": key() });
    let ticket = school.told_text(post("/v1/tickets", question).by(learner), "/ticketId").await?;
    answer(school, agent, &ticket).await?;
    let further = json!({ "text": "Thank you; and on a second one?", "idempotencyKey": key() });
    school.told(post(format!("/v1/tickets/{ticket}/messages"), further).by(learner)).await?;
    // Closing ends the tie: whoever closes again is kept out.
    school.told(post(format!("/v1/support/tickets/{ticket}:close"), json!({})).by(agent).or_done(&["NO_TIE"])).await?;

    let dana = &people.dana;
    let letter = json!({
        "email": dana.email, "name": dana.first_name, "language": "en", "topic": "QUESTION", "text": "Is it for beginners?", "idempotencyKey": key(),
    });
    let ticket = school.told_text(post("/v1/contact", letter), "/ticketId").await?;
    answer(school, agent, &ticket).await
}

async fn answer(school: &School, agent: &str, ticket: &str) -> Result<()> {
    let place = format!("/v1/support/tickets/{ticket}");
    done(school, format!("{place}:take"), agent).await?;
    let answer = json!({ "text": "Yes.", "idempotencyKey": key() });
    school.told(post(format!("{place}/answers"), answer).by(agent)).await?;
    Ok(())
}
