//! A call that is made until it is answered: whoever stands outside asks again when nobody answers, as every good client does.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use testkit::{Answer, Client};
use tokio::time::{Instant, sleep};

/// How long an answer, or what follows by itself, may take while processes are killed.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);

/// Makes the same call again until it is answered by a service. A refusal whose reason is among `done` says, when the call was
/// repeated, that it had its effect.
pub async fn told(client: &Client, method: Method, path: &str, token: &str, body: Option<Value>, done: &[&str]) -> Result<Value> {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("content-type", "application/json")];
    if !token.is_empty() {
        headers.push(("authorization", bearer.as_str()));
    }
    let sent = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let (end, mut repeated) = (Instant::now() + PATIENCE, false);
    loop {
        let last = match client.send(method.clone(), path, &headers, sent.clone()).await {
            Ok(answer) if answer.status.is_success() => return Ok(answer.json()),
            Ok(answer) if repeated && done.contains(&answer.reason().as_str()) => return Ok(Value::Null),
            Ok(answer) if !passes(&answer) => bail!("{method} {} was to succeed: {}", place(path), shown(&answer)),
            Ok(answer) => shown(&answer),
            Err(error) => error.to_string(),
        };
        repeated = true;
        if Instant::now() > end {
            bail!("{method} {} is not answered: {last}", place(path));
        }
        sleep(PAUSE).await;
    }
}

/// Waits for what follows by itself.
pub async fn until<T, F: Future<Output = Result<Option<T>>>>(what: &str, mut wanted: impl FnMut() -> F) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = wanted().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("waited in vain for {what}");
        }
        sleep(PAUSE).await;
    }
}

/// Whether the same call may be made again: somebody was away, or asks for patience.
fn passes(answer: &Answer) -> bool {
    let passing = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT];
    passing.contains(&answer.status) || answer.reason() == "CHANGED_MEANWHILE"
}

pub fn shown(answer: &Answer) -> String {
    format!("{} {} (trace {})", answer.status, String::from_utf8_lossy(&answer.body), answer.trace_id())
}

/// The path alone: a query may be a credential.
fn place(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
