//! A session that was ended is refused everywhere: at the gateway, and at every service by whoever could still reach it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use contract::{Contract, Idempotent, Who};
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::{platform::Platform, services, story::Person};

/// Whose methods a person may call.
const SERVICES: [&str; 6] = ["identity", "learning", "payment", "communication", "analytics", "privacy"];

pub async fn everywhere_within(platform: &Platform, time: Duration) -> Result<()> {
    let outside = platform.outside()?;
    let person = outside.joins(Person::new("Madina", "Ospanova")).await?;
    // Services are asked as the gateway would ask them, so that only the token is in question.
    let mut doors = Vec::new();
    for service in SERVICES {
        let path = method(service).with_context(|| format!("{service} has a method for people"))?;
        let channel = services::channel(platform, "gateway", service)?;
        let before = services::answer(&channel, path, Some(&person.token)).await?;
        ensure!(
            !matches!(before.0, Code::Unauthenticated | Code::Unavailable),
            "{service} knows the session before it ends: {path} {before:?}"
        );
        doors.push((service, path, channel));
    }

    outside.delete("/v1/sessions/current").by(&person).ok().await?;
    let ended = Instant::now();
    let mut slowest = Duration::ZERO;
    for (service, path, channel) in &doors {
        while services::answer(channel, path, Some(&person.token)).await?.0 != Code::Unauthenticated {
            ensure!(ended.elapsed() < time, "{service} still takes a session that ended {} ms ago", ended.elapsed().as_millis());
            sleep(Duration::from_millis(20)).await;
        }
        slowest = slowest.max(ended.elapsed());
    }
    let at_the_gateway = outside.get("/v1/me").by(&person).answer().await?;
    ensure!(at_the_gateway.status == 401, "the gateway still takes the session: {}", at_the_gateway.status);
    ensure!(ended.elapsed() < time, "asking everybody took {} ms", ended.elapsed().as_millis());
    println!("  the last of {} services refused it after {} ms", doors.len(), slowest.as_millis());
    Ok(())
}

/// A unary method of the service that asks for somebody who is signed in, and changes nothing.
fn method(service: &str) -> Option<&'static str> {
    let of = |rule: &&contract::MethodRule| {
        rule.process.as_deref() == Some(service)
            && matches!(rule.who, Who::Person | Who::Staff)
            && rule.idempotent == Idempotent::Read
            && !rule.server_streaming
            && !rule.client_streaming
    };
    let mut rules = Contract::get().methods().iter().filter(of);
    rules.next().map(|rule| rule.path.as_str())
}
