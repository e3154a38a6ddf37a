//! P27, P34: the access log, and no purpose, no plaintext.

use contract::{Category, Purpose};
use testkit::{school, until};

#[tokio::test]
async fn p27_seen_and_logged_with_who_whose_what_and_why() {
    let school = school();
    let learner = school.learner().await;
    let access = until("the person's own access in the log", || async {
        let answer = school.client.get("/v1/me/accesses", Some(&learner.access_token)).await.unwrap().ok();
        answer["accesses"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|access| access["service"] == "identity" && access["who"] == "you")
            .cloned()
    })
    .await;
    assert!(access["at"].is_string() && access["method"].as_str().is_some_and(|method| method.contains("identity")));
    assert_eq!(access["purpose"], "ACCOUNT");
    assert!(access["categories"].as_array().is_some_and(|categories| categories.iter().any(|c| c == "ACCOUNT")), "{access}");
}

#[tokio::test]
async fn p34_purpose_that_is_not_declared_opens_nothing() {
    let school = school();
    let learner = school.learner().await;
    let person = learner.id.parse().unwrap();
    let keys = school.engines().keys("identity");
    keys.raw(person, Category::Account, Purpose::Account).await.expect("a declared purpose opens");
    let refused = keys.raw(person, Category::Account, Purpose::Statistics).await.unwrap_err();
    assert!(matches!(refused, personal_data::Error::Undeclared { .. }), "{refused}");
    let foreign = keys.raw(person, Category::Learning, Purpose::Education).await.unwrap_err();
    assert!(matches!(foreign, personal_data::Error::Undeclared { .. }), "{foreign}");
}
