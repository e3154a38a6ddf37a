//! The links in mails lead to pages on which a person gets along without any other program.

use bytes::Bytes;
use http::Method;
use serde_json::json;
use testkit::{School, school};

use super::promises::learning::graduates;

/// Sends a form as a browser does: the page that comes back, with its status.
async fn submits(school: &School, path: &str, form: String) -> (u16, String) {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept-language", "en")];
    let answer = school.client.send(Method::POST, path, &headers, form.into()).await.unwrap();
    (answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap())
}

async fn page(school: &School, path: &str) -> (u16, String) {
    let answer = school.client.send(Method::GET, path, &[("accept-language", "en")], Bytes::new()).await.unwrap();
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    (answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test]
async fn an_address_is_confirmed_and_a_password_set_on_the_pages() {
    let school = school();
    let mut learner = school.registers().await;
    let token = school.mail.token(&learner.email, "/confirm?token=").await;
    let (status, shown) = page(school, &format!("/confirm?token={token}")).await;
    assert!(status == 200 && shown.contains(&token), "{shown}");
    let (status, told) = submits(school, "/confirm", format!("token={token}")).await;
    assert!(status == 200 && told.contains("your address is confirmed"), "{told}");
    learner = school.signs_in(learner).await;

    school.client.post("/v1/accounts:forgotPassword", None, json!({ "email": learner.email })).await.unwrap().ok();
    let token = school.mail.token(&learner.email, "/reset?token=").await;
    let (status, told) = submits(school, "/reset", format!("token={token}&new_password=short")).await;
    assert!(status == 400 && told.contains("too short or too long"), "{told}");
    learner.password = "Frost on the Kolsai lakes at dusk 9".to_owned();
    let form = format!("token={token}&new_password={}", learner.password.replace(' ', "+"));
    let (status, told) = submits(school, "/reset", form.clone()).await;
    assert!(status == 200 && told.contains("Your password is changed"), "{told}");
    let (status, told) = submits(school, "/reset", form).await;
    assert!(status == 400 && told.contains("This link was used before"), "{told}");
    school.signs_in(learner).await;
}

#[tokio::test]
async fn a_certificate_is_shown_to_whoever_has_its_number_and_names_nobody() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    graduates(school, &learner, &course).await;
    school
        .mail
        .find(&learner.email, "the mail about the certificate", |mail| mail.contains("Your certificate is ready").then_some(()))
        .await;
    let mine = school.client.get("/v1/me/certificates", Some(&learner.access_token)).await.unwrap().ok();
    let number = mine["certificates"][0]["number"].as_str().unwrap();
    let (status, shown) = page(school, &format!("/certificates/{number}")).await;
    assert!(status == 200 && shown.contains("is genuine") && shown.contains(number), "{shown}");
    assert!(!shown.contains(&course.title) && !shown.contains("UTC"), "course and day are the holder's to show: {shown}");
    assert!(!shown.contains(&learner.last_name) && !shown.contains(&learner.email));
    let (status, shown) = page(school, "/certificates/KLS-0000").await;
    assert!(status == 404 && shown.contains("There is no genuine certificate"), "{shown}");
    let (status, shown) = page(school, "/").await;
    assert!(status == 200 && shown.contains("/v1/policy"), "{shown}");
}

/// The address in a mail under this path of the school's, without the school.
async fn linked(school: &testkit::School, email: &str, subject: &str, path: &str) -> String {
    let base = school.client.base().to_owned();
    school
        .mail
        .find(email, subject, |mail| {
            let mail = mail.replace("=\r\n", "").replace("=\n", "");
            let link =
                mail.split_whitespace().find_map(|word| word.strip_prefix(&base).filter(|rest| rest.starts_with(path)).map(str::to_owned));
            link.filter(|_| mail.contains(subject))
        })
        .await
}

#[tokio::test]
async fn a_mail_about_something_leads_to_it_and_only_its_owner_is_shown_it() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    graduates(school, &learner, &course).await;
    let other = school.learner().await;
    let form = |email: &str, password: &str| {
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        format!("email={}&password={}", encoded(email), encoded(password))
    };
    for (subject, path, told) in [
        ("Your payment has arrived", "/my/orders/", "paid"),
        ("Your course is open", "/my/courses/", "Lessons completed"),
        ("Your instructor has answered", "/my/works/", "Well seen."),
        ("Your certificate is ready", "/my/certificates", &course.title),
    ] {
        let link = linked(school, &learner.email, subject, path).await;
        let (status, shown) = page(school, &link).await;
        assert!(status == 200 && shown.contains("<form") && !shown.contains(told), "{link}: {shown}");
        let (status, shown) = submits(school, &link, form(&learner.email, "not the password at all")).await;
        assert!(status == 401 && shown.contains("the password is wrong"), "{link}: {shown}");
        let (status, shown) = submits(school, &link, form(&learner.email, &learner.password)).await;
        assert!(status == 200 && shown.contains(told), "{link}: {shown}");
        let (_, shown) = submits(school, &link, form(&other.email, &other.password)).await;
        assert!(!shown.contains(told) || told == "Lessons completed", "{link} shows it to somebody else: {shown}");
    }
}
