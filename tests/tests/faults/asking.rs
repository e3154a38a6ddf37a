//! Asking a school that may die meanwhile: the same call again, with the same idempotency key, until it is answered.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::Value;
use testkit::Answer;
use tokio::time::{Instant, sleep};

use super::process::School;

/// How long an answer, and what follows by itself, may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// For so long somebody looks whether a call without an answer had its effect.
const LOOK: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(40);

/// A call and what makes it one's own.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// Reasons of a refusal that say, when the call is repeated, that it has had its effect.
    done: &'static [&'static str],
}

pub fn get(path: impl Into<String>) -> Ask {
    Ask { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new(), done: &[] }
}

pub fn delete(path: impl Into<String>) -> Ask {
    Ask { method: Method::DELETE, ..get(path) }
}

pub fn post(path: impl Into<String>, body: Value) -> Ask {
    Ask { method: Method::POST, body: body.to_string().into(), ..get(path) }.with("content-type", "application/json")
}

pub fn patch(path: impl Into<String>, body: Value) -> Ask {
    Ask { method: Method::PATCH, ..post(path, body) }
}

/// As a mail program or an upload sends it.
pub fn raw(method: Method, path: impl Into<String>, body: impl Into<Bytes>) -> Ask {
    Ask { method, body: body.into(), ..get(path) }
}

impl Ask {
    pub fn by(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A repetition that is refused with one of these has done its work before.
    pub fn or_done(mut self, reasons: &'static [&'static str]) -> Self {
        self.done = reasons;
        self
    }
}

/// An answer, and whether the call was made more than once.
pub struct Answered {
    pub answer: Answer,
    pub repeated: bool,
}

impl School {
    /// Whatever is answered in the end.
    pub async fn ask(&self, ask: &Ask) -> Result<Answered> {
        let headers: Vec<_> = ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (end, mut repeated) = (Instant::now() + PATIENCE, false);
        loop {
            let last = match self.client().send(ask.method.clone(), &ask.path, &headers, ask.body.clone()).await {
                Ok(answer) if !asks_for_patience(&answer) => return Ok(Answered { answer, repeated }),
                Ok(answer) => shown(&answer),
                Err(error) => {
                    repeated = true;
                    self.connect_again();
                    error.to_string()
                }
            };
            self.fault()?;
            if Instant::now() > end {
                bail!("{} {} is not answered: {last}", ask.method, ask.path);
            }
            sleep(PAUSE).await;
        }
    }

    /// A success as JSON; null when an earlier try had the effect and its answer was lost.
    pub async fn told(&self, ask: Ask) -> Result<Value> {
        let Answered { answer, repeated } = self.ask(&ask).await?;
        if answer.status.is_success() {
            return Ok(answer.json());
        }
        if repeated && ask.done.contains(&answer.reason().as_str()) {
            return Ok(Value::Null);
        }
        bail!("{} {} was to succeed{}: {}", ask.method, ask.path, if repeated { " when it was repeated" } else { "" }, shown(&answer))
    }

    /// A text at a JSON pointer of a success.
    pub async fn told_text(&self, ask: Ask, pointer: &str) -> Result<String> {
        let place = ask.path.clone();
        let told = self.told(ask).await?;
        told.pointer(pointer).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("{place} was to tell {pointer}: {told}"))
    }

    /// Asks for something that every further call would make once more: whoever got no answer looks first whether it was made.
    pub async fn told_once<T>(&self, ask: Ask, mut made: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let headers: Vec<_> = ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Ok(answer) = self.client().send(ask.method.clone(), &ask.path, &headers, ask.body.clone()).await {
            ensure!(answer.status.is_success(), "{} {} was to succeed: {}", ask.method, ask.path, shown(&answer));
            return self.until(&ask.path, made).await;
        }
        // Up again.
        self.ask(&get("/v1/policy")).await?;
        let end = Instant::now() + LOOK;
        while Instant::now() < end {
            if let Some(made) = made().await? {
                return Ok(made);
            }
            sleep(PAUSE).await;
        }
        self.told(ask.clone()).await?;
        self.until(&ask.path, made).await
    }

    /// Asks until the answer has what is wanted.
    pub async fn until<T>(&self, what: &str, mut wanted: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = wanted().await? {
                return Ok(found);
            }
            self.fault()?;
            if Instant::now() > end {
                bail!("waited in vain for {what}");
            }
            sleep(PAUSE).await;
        }
    }
}

/// Nothing was done: the same call may be made again.
fn asks_for_patience(answer: &Answer) -> bool {
    let passing = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY];
    passing.contains(&answer.status) || matches!(answer.reason().as_str(), "UPLOAD_IN_WORK" | "CHANGED_MEANWHILE")
}

fn shown(answer: &Answer) -> String {
    let trace = answer.headers.get(header::HeaderName::from_static("x-trace-id"));
    format!("{} {} (trace {trace:?})", answer.status, String::from_utf8_lossy(&answer.body))
}
