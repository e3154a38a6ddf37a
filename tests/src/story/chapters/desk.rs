//! A question from somebody without an account, and its answer.

use serde_json::json;

use super::{Broken, Teller};
use crate::story::{
    call::{key, member},
    outside::Outside,
    people::Person,
};

pub async fn answers(teller: &mut Teller) -> Result<(), Broken> {
    let dana = Person::new("Dana", "Serikova");
    let question = format!("Is the course for beginners, too? {}", dana.last_name);
    let ticket = teller
        .step("Dana, who has no account, asks by the contact form.", async |school| {
            let letter = json!({
                "email": dana.email, "name": dana.first_name, "language": "en", "topic": "QUESTION", "text": question, "idempotencyKey": key(),
            });
            let opened = school.post("/v1/contact", letter).ok().await?;
            opened.names_nobody(&dana)?;
            opened.text("/ticketId")
        })
        .await?;
    let place = format!("/v1/support/tickets/{ticket}");
    let agent = teller
        .step("The support agent sees that somebody waits, and not a word of what was written.", async |school| {
            let agent = school.staff("SUPPORT").await?;
            waits(school, &agent, &ticket, &dana).await?;
            school.get(place.as_str()).by(&agent).refused(403, "NO_TIE").await?;
            Ok(agent)
        })
        .await?;
    teller
        .step("The agent takes the ticket, and may now read it; no address is shown.", async |school| {
            school.post(format!("{place}:take"), json!({})).by(&agent).ok().await?.is("/mine", true)?;
            let ticket = school.get(place.as_str()).by(&agent).ok().await?;
            ticket.is("/messages/0/text", question.as_str())?;
            ticket.check(!ticket.json().to_string().contains(&dana.email), "no address was to be shown")
        })
        .await?;
    let answer = format!("Yes: it begins with the first light. {}", key());
    teller
        .step("The agent answers and closes the ticket.", async |school| {
            let ask = json!({ "text": answer, "idempotencyKey": key() });
            school.post(format!("{place}/answers"), ask).by(&agent).ok().await?.is("/state", "ANSWERED")?;
            school.post(format!("{place}:close"), json!({})).by(&agent).ok().await?.is("/state", "CLOSED")
        })
        .await?;
    teller.step("A mail brings Dana the answer.", async |school| school.mailed_with(&dana.email, &answer).await).await
}

/// Looks through every page of the queue.
async fn waits(school: &Outside, agent: &Person, ticket: &str, sender: &Person) -> Result<(), Broken> {
    let mut token = String::new();
    loop {
        let page = school.get(format!("/v1/support/queue?pageSize=100&pageToken={token}")).by(agent).ok().await?;
        page.names_nobody(sender)?;
        if page.list("/tickets").iter().any(|waiting| member(waiting, "ticketId") == ticket) {
            return Ok(());
        }
        token = page.text("/nextPageToken").map_err(|_| page.broken("the ticket was to wait in the queue".into()))?;
    }
}
