//! P27, P34: the access log, and no purpose, no plaintext.

use contract::{Category, Purpose};
use testkit::{school, until};

#[tokio::test]
async fn p27_seen_by_the_person_with_who_whose_what_and_why() {
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

/// A refusal is logged like a grant, with its outcome.
#[tokio::test]
async fn p27_logged_with_purpose_categories_time_and_outcome() {
    let school = school();
    let learner = school.learner().await;
    let wrong = serde_json::json!({ "email": learner.email, "password": "not the password of anybody" });
    school.client.post("/v1/sessions", None, wrong).await.unwrap().refused();
    let (granted, refused) = until("a grant and a refusal in the log", || async {
        let answer = school.client.get("/v1/me/accesses", Some(&learner.access_token)).await.unwrap().ok();
        let sign_ins: Vec<_> = answer["accesses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|access| access["method"].as_str().is_some_and(|method| method.contains("SignIn")))
            .cloned()
            .collect();
        let of = |outcome: bool| sign_ins.iter().find(|access| access["refused"].as_bool().unwrap_or(false) == outcome).cloned();
        of(false).zip(of(true))
    })
    .await;
    for access in [&granted, &refused] {
        assert!(access["who"].is_string() && access["at"].is_string() && access["service"] == "identity", "{access}");
        assert_eq!(access["purpose"], "ACCOUNT");
        assert!(!access["categories"].as_array().unwrap().is_empty(), "{access}");
    }
}
