//! A call as a real client makes it: when there is no answer, the same call again, with the same idempotency key.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use testkit::{Answer, Client};
use tokio::time::{Instant, sleep, timeout};

/// For so long a client goes on asking, and waits for what follows by itself.
const PATIENCE: Duration = Duration::from_secs(240);
/// Whoever hears nothing for so long hangs up.
const SILENCE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(200);
/// Doubled with each try, as a good client does: registering and signing in are counted by address.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What came of a call.
#[derive(Debug)]
pub enum Told {
    Answer(Answer),
    /// A repetition was refused for a reason that says that an earlier try had the effect.
    Done,
    /// Nobody said anything: it had its effect, or it did not. The last that was heard.
    Unknown(String),
}

/// A call and what makes it one's own.
#[derive(Clone)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Reasons of a refusal that say, when the call is repeated, that it has had its effect.
    pub done: &'static [&'static str],
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new(), done: &[] }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, body: body.to_string().into(), ..Self::get(path) }.with("content-type", "application/json")
    }

    pub fn by(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn or_done(mut self, reasons: &'static [&'static str]) -> Self {
        self.done = reasons;
        self
    }

    /// The path alone: a query may be a credential.
    fn place(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

/// Somebody outside. Clones count together.
#[derive(Clone)]
pub struct Asker {
    client: Client,
    counted: Arc<Counted>,
}

/// How calls went.
#[derive(Default)]
pub struct Counted {
    pub answered: AtomicU64,
    /// Nobody answered, or only that it cannot be done now: made again.
    pub again: AtomicU64,
    /// Somebody answered that something is wrong inside: made again, too.
    pub inside: AtomicU64,
}

impl Asker {
    pub fn new(client: Client) -> Self {
        Self { client, counted: Arc::default() }
    }

    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// Asks until there is an answer, or patience is over. An answer may be a refusal.
    pub async fn ask(&self, ask: &Ask) -> Told {
        let headers: Vec<_> = ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (end, mut repeated) = (Instant::now() + PATIENCE, false);
        let mut pause = PAUSE;
        let mut last;
        loop {
            let sent = self.client.send(ask.method.clone(), &ask.path, &headers, ask.body.clone());
            match timeout(SILENCE, sent).await {
                Ok(Ok(answer)) if answer.status.is_success() => {
                    self.counted.answered.fetch_add(1, Ordering::Relaxed);
                    return Told::Answer(answer);
                }
                Ok(Ok(answer)) if repeated && ask.done.contains(&answer.reason().as_str()) => return Told::Done,
                Ok(Ok(answer)) if !passes(&answer) => {
                    self.counted.answered.fetch_add(1, Ordering::Relaxed);
                    return Told::Answer(answer);
                }
                Ok(Ok(answer)) => {
                    let inside = answer.status == StatusCode::INTERNAL_SERVER_ERROR;
                    if inside { &self.counted.inside } else { &self.counted.again }.fetch_add(1, Ordering::Relaxed);
                    last = shown(&answer);
                }
                Ok(Err(error)) => {
                    self.counted.again.fetch_add(1, Ordering::Relaxed);
                    last = error.to_string();
                }
                Err(_) => {
                    self.counted.again.fetch_add(1, Ordering::Relaxed);
                    last = "silence".into();
                }
            }
            repeated = true;
            if Instant::now() > end {
                return Told::Unknown(last);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A success as JSON, for what nobody's record depends on.
    pub async fn told(&self, ask: Ask) -> Result<Value> {
        match self.ask(&ask).await {
            Told::Answer(answer) if answer.status.is_success() => Ok(answer.json()),
            Told::Answer(answer) => bail!("{} was to succeed: {}", ask.place(), shown(&answer)),
            Told::Done => Ok(Value::Null),
            Told::Unknown(last) => bail!("{} is not answered: {last}", ask.place()),
        }
    }

    /// Waits for what follows by itself.
    pub async fn until<T, F: Future<Output = Result<Option<T>>>>(&self, what: &str, mut wanted: impl FnMut() -> F) -> Result<T> {
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
}

/// Whether the same call may be made again: somebody was away, is stuck, or asks for patience.
fn passes(answer: &Answer) -> bool {
    let passing = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
    answer.status.is_server_error()
        || passing.contains(&answer.status)
        || matches!(answer.reason().as_str(), "UPLOAD_IN_WORK" | "CHANGED_MEANWHILE")
}

pub fn shown(answer: &Answer) -> String {
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(400).collect();
    format!("{} {body} (trace {})", answer.status, answer.trace_id())
}
