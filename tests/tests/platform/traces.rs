//! One trace over everything: the client's own trace id comes back from every service, from their databases' statements, and from what
//! events set going in other services.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    collector::{Collector, Span},
    platform::Platform,
    story::{Outside, Person, call::key},
};

const ALL: [&str; 8] = ["gateway", "identity", "learning", "payment", "communication", "analytics", "privacy", "keyring"];
/// Exporters send what they have every few seconds.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn one_for_all(platform: &Platform, collector: &Collector) -> Result<()> {
    let outside = platform.outside()?;
    let analyst = outside.staff("ANALYST").await?;
    let courses = outside.get("/v1/courses?language=en").ok().await?;
    let course = courses.text("/courses/0/courseId")?;

    // One client, one trace: somebody registers, orders, looks at the course; an analyst looks at the statistics. What follows from
    // the registration in privacy (its consent) and communication (its mail) comes by the bus.
    let trace = Uuid::new_v4().simple().to_string();
    let parent = || format!("00-{trace}-{}-01", &Uuid::new_v4().simple().to_string()[..16]);
    let learner = Person::new("Saule", "Akhmetova");
    registers(&outside, &learner, &parent()).await?;
    ensure!(outside.last().trace_id == trace, "the answer names the client's own trace {trace}, not {}", outside.last().trace_id);
    let link = outside.confirmation_mailed(&learner).await?;
    outside.confirms(&link).await?;
    let learner = outside.signs_in(learner).await?;
    let order = json!({ "courseId": course, "idempotencyKey": key() });
    outside.post("/v1/orders", order).by(&learner).header("traceparent", &parent()).ok().await?;
    outside.get("/v1/me/enrolments?language=en").by(&learner).header("traceparent", &parent()).ok().await?;
    outside.get("/v1/reports/popular-topics").by(&analyst).header("traceparent", &parent()).ok().await?;

    let (end, wanted) = (Instant::now() + PATIENCE, BTreeSet::from(ALL));
    loop {
        let spans = collector.of_trace(&trace);
        let seen: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        if wanted.is_subset(&seen) {
            return whole(&spans);
        }
        ensure!(
            Instant::now() < end,
            "the trace {trace} has no span of {:?}; it has {seen:?}",
            wanted.difference(&seen).collect::<Vec<_>>()
        );
        sleep(Duration::from_millis(300)).await;
    }
}

/// Calls, statements and reactions are all there.
fn whole(spans: &[Span]) -> Result<()> {
    let processes: BTreeSet<&str> = spans.iter().map(|span| span.instance.as_str()).collect();
    ensure!(processes.len() >= 7, "seven processes had part in it: {processes:?}");
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let has = |word: &str| names.iter().any(|name| name.contains(word));
    ensure!(has("INSERT") && has("send RegistrationConsented"), "statements and what goes over the bus have spans: {names:?}");
    println!("  {} spans of {} processes in one trace", spans.len(), processes.len());
    Ok(())
}

async fn registers(outside: &Outside, person: &Person, parent: &str) -> Result<()> {
    let policy = outside.get("/v1/policy?language=en").ok().await?;
    let (version, hash) = (policy.text("/version")?, policy.text("/registrationConsentHash")?);
    let registration = json!({
        "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
        "ageBracket": "ADULT", "password": person.password, "language": "en", "idempotencyKey": key(),
        "consents": [{ "purpose": "ACCOUNT", "textVersion": version, "textHash": hash, "language": "en" }],
    });
    outside.post("/v1/accounts", registration).header("traceparent", parent).ok().await?;
    Ok(())
}
