//! P26: a role alone opens nothing; what was refused stands in the person's own list.

use serde_json::{Value, json};
use testkit::{Person, School, key, school, until};

use crate::photographs;

/// Waits for an entry in the list of who read what of a person.
pub async fn accessed(school: &School, person: &Person, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, || async {
        let mut token = String::new();
        loop {
            let path = format!("/v1/me/accesses?pageSize=200&pageToken={token}");
            let page = school.client.get(&path, Some(&person.access_token)).await.unwrap().ok();
            if let Some(found) = page["accesses"].as_array().into_iter().flatten().find(|access| wanted(access)) {
                return Some(found.clone());
            }
            token = page["nextPageToken"].as_str().filter(|token| !token.is_empty())?.to_owned();
        }
    })
    .await
}

#[tokio::test]
async fn p26_tie_is_needed_beside_the_role_of_an_instructor() {
    let school = school();
    let course = school.course().await;
    let (learner, stranger) = (school.learner().await, school.learner().await);
    let stranger = school.appoints(stranger, "INSTRUCTOR").await;
    school.enrols(&learner, &course).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg("p26"), "mine").await;

    let path = format!("/v1/teaching/submissions/{work}");
    let refused = school.client.get(&path, Some(&stranger.access_token)).await.unwrap().refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "NO_TIE"));
    assert!(!String::from_utf8_lossy(&refused.body).contains(&learner.id), "a refusal does not say whose it is");

    let entry = accessed(school, &learner, "the refusal in the learner's own list", |access| {
        access["who"] == "instructor" && access["refused"] == true && access["service"] == "learning"
    })
    .await;
    assert!(entry["method"].as_str().unwrap().contains("OpenSubmission"), "{entry}");
    assert_eq!(entry["purpose"], "EDUCATION");
    // Their own instructor's reading stands there as what it was.
    let instructor = school.staff("INSTRUCTOR").await;
    school.client.get(&path, Some(&instructor.access_token)).await.unwrap().ok();
    accessed(school, &learner, "the reading in the learner's own list", |access| {
        access["who"] == "instructor" && access["refused"] != true && access["method"].as_str().unwrap().contains("OpenSubmission")
    })
    .await;
}

#[tokio::test]
async fn p26_tie_of_support_is_the_one_ticket_and_ends_with_it() {
    let (school, learner) = (school(), school().learner().await);
    let (agent, colleague) = (school.staff("SUPPORT").await, school.learner().await);
    let colleague = school.appoints(colleague, "SUPPORT").await;
    let mut tickets = Vec::new();
    for text in ["the first", "the second"] {
        let ask = json!({ "topic": "QUESTION", "text": text, "idempotencyKey": key() });
        let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
        tickets.push(format!("/v1/support/tickets/{}", ticket["ticketId"].as_str().unwrap()));
    }
    let (first, second) = (&tickets[0], &tickets[1]);
    let read = |path: &str, who: &Person| {
        let (path, token) = (path.to_owned(), who.access_token.clone());
        async move { school.client.get(&path, Some(&token)).await.unwrap() }
    };
    assert_eq!(read(first, &agent).await.refused().reason(), "NO_TIE", "the role alone");
    school.client.post(&format!("{first}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    read(first, &agent).await.ok();
    assert_eq!(read(second, &agent).await.refused().reason(), "NO_TIE", "a tie by one ticket opens no other");
    assert_eq!(read(first, &colleague).await.refused().reason(), "NO_TIE", "somebody else's ticket");
    let taken = school.client.post(&format!("{first}:take"), Some(&colleague.access_token), json!({})).await.unwrap().refused();
    assert_eq!(taken.reason(), "TICKET_TAKEN");
    school.client.post(&format!("{first}:close"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    assert_eq!(read(first, &agent).await.refused().reason(), "NO_TIE", "the tie ends with the ticket");
    accessed(school, &learner, "the refusal in the learner's own list", |access| {
        access["who"] == "support" && access["refused"] == true && access["service"] == "communication"
    })
    .await;
}
