//! P13, P14, P32: notices arrive, newsletters end with one click, and a question is answered.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use testkit::{Person, School, key, school, until};

use super::learning::graduates;

/// RFC 8058, section 3.1: how a mail program's one click arrives.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Waits for the mail with `text` in it, and sees that it came once.
async fn once(school: &School, email: &str, text: &str) -> String {
    let mail = school.mail.find(email, text, |mail| mail.contains(text).then(|| mail.to_owned())).await;
    assert_eq!(school.mail.to(email).iter().filter(|mail| mail.contains(text)).count(), 1, "{text} comes once");
    mail
}

#[tokio::test]
async fn p13_notices_of_course_account_and_status_and_answers_arrive() {
    let school = school();
    let learner = school.learner().await;
    let email = learner.email.as_str();
    let course = school.course().await;
    // Of the account.
    once(school, email, "/confirm?token=").await;
    school.client.post("/v1/accounts:forgotPassword", None, json!({ "email": email })).await.unwrap().ok();
    once(school, email, "/reset?token=").await;
    // Of the course and how learning stands.
    school.enrols(&learner, &course).await;
    graduates(school, &learner, &course).await;
    once(school, email, "Subject: Your payment has arrived").await;
    let enrolled = once(school, email, "Subject: Your course is open").await;
    assert!(enrolled.contains(&course.title), "the mail says which course, in the person's language: {enrolled}");
    once(school, email, "Subject: Your instructor has answered").await;
    once(school, email, "Subject: Your certificate is ready").await;
    // An answer to a question.
    let ask = json!({ "topic": "QUESTION", "text": "When does the next course begin?", "idempotencyKey": key() });
    let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
    let words = format!("In spring. {}", key());
    answer(school, ticket["ticketId"].as_str().unwrap(), &words).await;
    once(school, email, &words).await;
    for mail in school.mail.to(email) {
        assert!(!mail.contains("List-Unsubscribe"), "a notice is nothing to unsubscribe from: {mail}");
    }
}

/// An agent takes a ticket and answers it.
async fn answer(school: &School, ticket: &str, words: &str) {
    let agent = school.staff("SUPPORT").await;
    let place = format!("/v1/support/tickets/{ticket}");
    school.client.post(&format!("{place}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    let ask = json!({ "text": words, "idempotencyKey": key() });
    school.client.post(&format!("{place}/answers"), Some(&agent.access_token), ask).await.unwrap().ok();
}

pub async fn subscribes(school: &School, person: &Person) {
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let consent = json!({ "textVersion": policy["version"], "textHash": policy["newsletterConsentHash"], "language": "en" });
    school.client.post("/v1/me/newsletter", Some(&person.access_token), consent).await.unwrap().ok();
}

/// Sends an issue to everybody who consented: its subject, which is found in its mails, and its identifier.
async fn issue(school: &School) -> (String, String) {
    let admin = school.staff("ADMINISTRATOR").await;
    let subject = format!("First light {}", &key()[..13]);
    let texts = json!([
        { "language": "ru", "subject": subject, "text": "В ноябре свет приходит поздно." },
        { "language": "en", "subject": subject, "text": "In November the light comes late." },
    ]);
    let ask = json!({ "texts": texts, "idempotencyKey": key() });
    let sent = school.client.post("/v1/newsletter/issues", Some(&admin.access_token), ask).await.unwrap().ok();
    (subject, sent["issueId"].as_str().unwrap().to_owned())
}

/// The link of the one click, as the mail's header has it.
fn link(mail: &str) -> Option<String> {
    assert!(mail.contains(&format!("List-Unsubscribe-Post: {ONE_CLICK}")), "RFC 8058: {mail}");
    let rest = mail.split_once("List-Unsubscribe: <")?.1;
    Some(rest.split_once('>')?.0.to_owned())
}

async fn subscribed(school: &School, person: &Person) -> bool {
    let mine = school.client.get("/v1/me/newsletter", Some(&person.access_token)).await.unwrap().ok();
    mine["subscribed"] == true
}

async fn click(school: &School, link: &str) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    school.client.send(Method::POST, link, &form, Bytes::from_static(ONE_CLICK.as_bytes())).await.unwrap().ok_bytes();
}

#[tokio::test]
async fn p14_click_without_signing_in_ends_the_newsletter_and_nobody_elses() {
    let school = school();
    let (reader, other) = (school.learner().await, school.learner().await);
    subscribes(school, &reader).await;
    subscribes(school, &other).await;
    let (first, _) = issue(school).await;
    let way_out = school.mail.find(&reader.email, "the first issue", |mail| mail.contains(&first).then(|| link(mail))?).await;
    school.mail.find(&other.email, "the first issue", |mail| mail.contains(&first).then_some(())).await;

    // What is not the link ends nothing.
    let (base, token) = way_out.rsplit_once('/').unwrap();
    let mut forged: Vec<char> = token.chars().collect();
    forged[0] = if forged[0] == 'A' { 'B' } else { 'A' };
    for wrong in [forged.iter().collect::<String>(), "x".into(), token[..token.len() - 4].to_owned()] {
        let refused = school.client.send(Method::POST, &format!("{base}/{wrong}"), &[], Bytes::new()).await.unwrap().refused();
        assert_eq!(refused.reason(), "LINK_INVALID");
    }
    assert!(subscribed(school, &reader).await);

    click(school, &way_out).await;
    assert!(!subscribed(school, &reader).await && subscribed(school, &other).await);
    click(school, &way_out).await;
    let (second, id) = issue(school).await;
    school.mail.find(&other.email, "the second issue", |mail| mail.contains(&second).then_some(())).await;
    // Whoever was to get the second issue was queued in one transaction: the reader's own copy tells that they were not.
    let queued = |copy: testkit::Copy| copy.rows("communication", "mail").iter().any(|mail| mail["about"] == id.as_str());
    assert!(queued(school.copy(&other).await), "the control: who reads on has it in their copy");
    assert!(!queued(school.copy(&reader).await), "nothing is queued for who has ended it");
    assert!(!school.mail.to(&reader.email).iter().any(|mail| mail.contains(&second)));

    // A person who opens the link in a browser has clicked, too.
    let way_out = school.mail.find(&other.email, "the second issue", |mail| mail.contains(&second).then(|| link(mail))?).await;
    let page = school.client.get(&way_out, None).await.unwrap();
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    page.ok_bytes();
    assert!(!subscribed(school, &other).await);
}

#[tokio::test]
async fn p14_status_notices_go_on_without_the_newsletter() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    subscribes(school, &learner).await;
    let (subject, _) = issue(school).await;
    let way_out = school.mail.find(&learner.email, "the issue", |mail| mail.contains(&subject).then(|| link(mail))?).await;
    click(school, &way_out).await;

    school.enrols(&learner, &course).await;
    once(school, &learner.email, "Subject: Your payment has arrived").await;
    once(school, &learner.email, "Subject: Your course is open").await;
    school.client.post("/v1/accounts:forgotPassword", None, json!({ "email": learner.email })).await.unwrap().ok();
    once(school, &learner.email, "/reset?token=").await;
}

/// The form alone: the promise speaks of e-mail as well, and no mail comes in here.
#[tokio::test]
async fn p32_form_reaches_a_person_and_the_answer_comes_back() {
    let school = school();
    let marker = key().replace('-', "");
    let email = format!("dana.{marker}@visitor.example");
    let letter = json!({
        "email": email, "name": "Dana", "language": "en", "topic": "CONSULTATION", "text": format!("May I bring a film camera? {marker}"),
        "idempotencyKey": key(),
    });
    let opened = school.client.post("/v1/contact", None, letter.clone()).await.unwrap().ok();
    let ticket = opened["ticketId"].as_str().unwrap();
    let again = school.client.post("/v1/contact", None, letter).await.unwrap().ok();
    assert_eq!(again["ticketId"], ticket, "sent twice is asked once");
    school.mail.find(&email, "the mail that says that it has arrived", |_| Some(())).await;

    // It waits for a person, who sees nothing of it before taking it.
    let agent = school.staff("SUPPORT").await;
    until("the question to wait for somebody", || async {
        let queue = school.client.get("/v1/support/queue?pageSize=100", Some(&agent.access_token)).await.unwrap().ok();
        assert!(!queue.to_string().contains(&marker), "the queue shows not a word");
        queue["tickets"].as_array()?.iter().any(|waiting| waiting["ticketId"] == ticket).then_some(())
    })
    .await;
    let place = format!("/v1/support/tickets/{ticket}");
    school.client.post(&format!("{place}:take"), Some(&agent.access_token), json!({})).await.unwrap().ok();
    let read: Value = school.client.get(&place, Some(&agent.access_token)).await.unwrap().ok();
    assert!(read["messages"][0]["text"].as_str().unwrap().contains(&marker));
    assert!(!read.to_string().contains(&email), "no address is shown");
    let words = format!("Please do. {}", key());
    let ask = json!({ "text": words, "idempotencyKey": key() });
    school.client.post(&format!("{place}/answers"), Some(&agent.access_token), ask).await.unwrap().ok();
    once(school, &email, &words).await;
}

#[tokio::test]
async fn p32_form_of_a_learner_is_answered_in_their_history_too() {
    let (school, learner) = (school(), school().learner().await);
    let ask = json!({ "topic": "TECHNICAL_TROUBLE", "text": "The lesson does not load.", "idempotencyKey": key() });
    let ticket = school.client.post("/v1/tickets", Some(&learner.access_token), ask).await.unwrap().ok();
    let ticket = ticket["ticketId"].as_str().unwrap().to_owned();
    let words = format!("It does now. {}", key());
    answer(school, &ticket, &words).await;
    once(school, &learner.email, &words).await;
    let path = format!("/v1/tickets/{ticket}");
    let read = school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok();
    assert_eq!((read["messages"][1]["author"].as_str(), read["messages"][1]["text"].as_str()), (Some("SCHOOL"), Some(words.as_str())));
    let other = school.learner().await;
    assert_eq!(school.client.get(&path, Some(&other.access_token)).await.unwrap().refused().reason(), "NO_SUCH_TICKET");
}
