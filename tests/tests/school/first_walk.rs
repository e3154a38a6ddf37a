//! Register, confirm, sign in, take a copy, be erased.

use serde_json::json;
use testkit::school;
use uuid::Uuid;

#[tokio::test]
async fn the_first_walk() {
    let school = school();
    let learner = school.learner().await;

    let me = school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!(me["firstName"], learner.first_name.as_str());
    assert_eq!(me["email"], learner.email.as_str());

    let copy = school.client.get("/v1/me/copy", Some(&learner.access_token)).await.unwrap();
    assert_eq!(copy.status, 200, "{}", String::from_utf8_lossy(&copy.body));
    assert_eq!(copy.headers["content-type"], "application/zip");
    assert!(copy.body.starts_with(b"PK"), "a zip archive");

    let order = json!({ "idempotencyKey": Uuid::new_v4().to_string() });
    let erasure = school.client.post("/v1/me/erasure", Some(&learner.access_token), order).await.unwrap().ok();
    let token = erasure["receiptToken"].as_str().unwrap().to_owned();
    let receipt = super::promises::erasure::done(school, &token).await;
    assert!(receipt["signature"].as_str().is_some_and(|s| !s.is_empty()));

    let again = json!({ "email": learner.email, "password": learner.password });
    let refused = school.client.post("/v1/sessions", None, again).await.unwrap().refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (401, "WRONG_CREDENTIALS"));
}

#[tokio::test]
async fn a_profile_is_corrected_and_a_session_ends() {
    let school = school();
    let learner = school.learner().await;

    let changed = json!({ "firstName": "Aliya" });
    school.client.patch("/v1/me?updateMask=firstName", Some(&learner.access_token), changed).await.unwrap().ok();
    let me = school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((me["firstName"].as_str(), me["lastName"].as_str()), (Some("Aliya"), Some(learner.last_name.as_str())));

    school.client.delete("/v1/sessions/current", Some(&learner.access_token)).await.unwrap().ok();
    let refused = school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().refused();
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn a_refresh_token_is_traded_once() {
    let school = school();
    let learner = school.learner().await;

    let trade = json!({ "refreshToken": learner.refresh_token });
    let tokens = school.client.post("/v1/sessions:refresh", None, trade.clone()).await.unwrap().ok();
    let renewed = tokens["accessToken"].as_str().unwrap().to_owned();
    school.client.get("/v1/me", Some(&renewed)).await.unwrap().ok();

    school.advance(std::time::Duration::from_secs(60));
    let replayed = school.client.post("/v1/sessions:refresh", None, trade).await.unwrap().refused();
    assert_eq!(replayed.status, 401);
    let ended = school.client.get("/v1/me", Some(&renewed)).await.unwrap().refused();
    assert_eq!(ended.status, 401, "an old token presented again ends the session");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_ends_every_session() {
    let school = school();
    let mut learner = school.learner().await;

    school.client.post("/v1/accounts:forgotPassword", None, json!({ "email": learner.email })).await.unwrap().ok();
    let token = school.mail.token(&learner.email, "/reset?token=").await;
    let new = "Frost on the Kolsai lakes at dawn 7".to_owned();
    let reset = json!({ "token": token, "newPassword": new });
    school.client.post("/v1/accounts:resetPassword", None, reset.clone()).await.unwrap().ok();

    let refused = school.client.get("/v1/me", Some(&learner.access_token)).await.unwrap().refused();
    assert_eq!(refused.status, 401);
    let used = school.client.post("/v1/accounts:resetPassword", None, reset).await.unwrap().refused();
    assert_eq!(used.reason(), "LINK_USED");
    learner.password = new;
    school.signs_in(learner).await;
}
