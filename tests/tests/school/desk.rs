//! The desk of support: what is asked twice because an answer was lost.

use serde_json::json;
use testkit::{key, school};

#[tokio::test]
async fn who_closed_a_ticket_may_close_it_again_and_nobody_else_may() {
    let (school, learner) = (school(), school().learner().await);
    let ask = json!({ "topic": "QUESTION", "text": "Where is the tripod?", "idempotencyKey": key() });
    let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
    let place = format!("/v1/support/tickets/{}", ticket["ticketId"].as_str().unwrap());
    let (agent, other) = (school.staff("SUPPORT").await, school.learner().await);
    let other = school.appoints(other, "SUPPORT").await;
    let close =
        async |who: &testkit::Person| school.client.post(&format!("{place}:close"), Some(&who.access_token), json!({})).await.unwrap();
    assert_eq!(close(&agent).await.refused().reason(), "NO_TIE", "not taken yet");
    school.client.post(&format!("{place}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    assert_eq!(close(&other).await.refused().reason(), "NO_TIE");
    let first = close(&agent).await.ok();
    assert_eq!(first["state"], "CLOSED");
    assert_eq!(close(&agent).await.ok(), first, "the same answer to who closed it");
    assert_eq!(close(&other).await.refused().reason(), "NO_TIE");
    assert_eq!(school.client.get(&place, Some(&agent.access_token)).await.unwrap().refused().reason(), "NO_TIE", "the tie has ended");
}
