//! What the school does while the cache is away, use by use: as ARCHITECTURE.md says, "When the cache is away".

use std::time::Duration;

use serde_json::json;
use testkit::{Answer, Person, School, key, until};

use crate::own_redis::Redis;

fn on(redis: &Redis) -> School {
    School::start(&[("KOLSAI__CACHE__ADDRESS", &redis.address())])
}

async fn profile(school: &School, person: &Person) -> Answer {
    school.client.get("/v1/me", Some(&person.access_token)).await.unwrap()
}

async fn signs_out(school: &School, person: &Person) {
    school.client.delete("/v1/sessions/current", Some(&person.access_token)).await.unwrap().ok();
}

async fn writes(school: &School) -> Answer {
    let letter = json!({
        "email": "somebody@learner.example", "name": "Somebody", "language": "en", "topic": "CONSULTATION", "text": "Is there a spring course?",
        "idempotencyKey": key(),
    });
    school.client.post("/v1/contact", None, letter).await.unwrap()
}

#[test]
fn sessions_go_on_end_and_begin_without_the_cache_and_the_contact_form_waits() {
    let Some(mut redis) = Redis::start() else { return };
    let school = on(&redis);
    tokio::runtime::Runtime::new().unwrap().block_on(without_the_cache(&school, &mut redis));
}

async fn without_the_cache(school: &School, redis: &mut Redis) {
    let (goes_on, ended_before, ends_meanwhile) = (school.learner().await, school.learner().await, school.learner().await);
    signs_out(school, &ended_before).await;
    assert_eq!(profile(school, &ended_before).await.refused().reason(), "SESSION_ENDED");
    writes(school).await.ok();

    redis.kill();
    // Closed: letters wait.
    let refused = writes(school).await.refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (503, "CONTACT_FORM_UNAVAILABLE"));
    // Identity is asked: who is signed in stays so, and who is not does not.
    profile(school, &goes_on).await.ok();
    assert_eq!(profile(school, &ended_before).await.refused().reason(), "SESSION_ENDED");
    signs_out(school, &ends_meanwhile).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(profile(school, &ends_meanwhile).await.refused().reason(), "SESSION_ENDED");
    // Counted beside: people sign in, and guessers do not.
    let again = school.signs_in(goes_on.clone()).await;
    profile(school, &again).await.ok();
    let guess = json!({ "email": goes_on.email, "password": "not this one, surely not" });
    for _ in 0..10 {
        assert_eq!(school.client.post("/v1/sessions", None, guess.clone()).await.unwrap().refused().status.as_u16(), 401);
    }
    assert_eq!(school.client.post("/v1/sessions", None, guess).await.unwrap().refused().reason(), "TOO_MANY_ATTEMPTS");

    // Back, and empty: what had ended stays so.
    redis.begin();
    until("the contact form to be open again", || async { writes(school).await.status.is_success().then_some(()) }).await;
    for person in [&ended_before, &ends_meanwhile] {
        assert_eq!(profile(school, person).await.refused().reason(), "SESSION_ENDED");
    }
    profile(school, &again).await.ok();
}

#[test]
fn an_emptied_cache_opens_no_session_again() {
    let Some(redis) = Redis::start() else { return };
    let school = on(&redis);
    tokio::runtime::Runtime::new().unwrap().block_on(emptied(&school, &redis));
}

async fn emptied(school: &School, redis: &Redis) {
    let (ended, goes_on) = (school.learner().await, school.learner().await);
    signs_out(school, &ended).await;
    assert_eq!(redis.say("FLUSHALL"), "+OK\r\n");
    for _ in 0..40 {
        assert_eq!(profile(school, &ended).await.refused().reason(), "SESSION_ENDED");
        profile(school, &goes_on).await.ok();
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
