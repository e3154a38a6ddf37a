//! One call over JSON: asked, answered, and looked at.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use testkit::Answer;

use super::{Broken, outside::Outside, people::Person};

/// How often a call is put off when the school asks for patience.
const TRIES: u32 = 20;

/// A call that is being put together.
pub struct Call<'a> {
    outside: &'a Outside,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// A good answer as JSON.
pub struct Told {
    answer: Answer,
    json: Value,
}

impl Outside {
    /// `path` begins with `/`, or is a whole address of this school.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call { outside: self, method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    pub fn post(&self, path: impl Into<String>, body: Value) -> Call<'_> {
        self.call(Method::POST, path).body("application/json", body.to_string())
    }
}

impl Call<'_> {
    pub fn by(self, person: &Person) -> Self {
        let bearer = format!("Bearer {}", person.token);
        self.header("authorization", &bearer)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.bare_body(body).header("content-type", content_type)
    }

    /// The headers say already what it is.
    pub fn bare_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Whatever is answered. Who is asked to wait, waits: nothing has been done then.
    pub async fn answer(&self) -> Result<Answer, Broken> {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut tries = 0;
        loop {
            let answer = self.outside.client.send(self.method.clone(), &self.path, &headers, self.body.clone()).await?;
            self.outside.answered(&answer);
            tries += 1;
            if answer.status != StatusCode::TOO_MANY_REQUESTS || tries == TRIES {
                return Ok(answer);
            }
            let wait = answer.headers.get("retry-after").and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
        }
    }

    pub async fn ok(&self) -> Result<Told, Broken> {
        let answer = self.good().await?;
        Ok(Told { json: answer.json(), answer })
    }

    pub async fn bytes(&self) -> Result<Bytes, Broken> {
        Ok(self.good().await?.body)
    }

    /// Demands a refusal with this status and reason.
    pub async fn refused(&self, status: u16, reason: &str) -> Result<(), Broken> {
        let answer = self.answer().await?;
        if answer.status.as_u16() == status && answer.reason() == reason {
            return Ok(());
        }
        Err(broken(format!("{} {} was to be refused: {status} {reason}", self.method, self.place()), answer))
    }

    async fn good(&self) -> Result<Answer, Broken> {
        let answer = self.answer().await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(broken(format!("{} {} was to succeed", self.method, self.place()), answer))
        }
    }

    /// The path alone: a query may be a credential.
    fn place(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

impl Told {
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Text, or a number that is written as text, at a JSON pointer.
    pub fn text(&self, pointer: &str) -> Result<String, Broken> {
        let found = self.json.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| self.broken(format!("{pointer} was to be a text")))
    }

    /// The list at a JSON pointer; one that is empty is left out of the answer.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.json.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn is(&self, pointer: &str, expected: impl Into<Value>) -> Result<(), Broken> {
        let expected = expected.into();
        self.check(self.json.pointer(pointer) == Some(&expected), format_args!("{pointer} was to be {expected}"))
    }

    pub fn check(&self, holds: bool, expected: impl std::fmt::Display) -> Result<(), Broken> {
        if holds { Ok(()) } else { Err(self.broken(expected.to_string())) }
    }

    /// Nothing of a person stands anywhere in the answer.
    pub fn names_nobody(&self, person: &Person) -> Result<(), Broken> {
        let body = String::from_utf8_lossy(&self.answer.body);
        let named = person.personal().into_iter().any(|value| body.contains(value));
        self.check(!named, "the answer was to name nobody")
    }

    pub fn broken(&self, expected: String) -> Broken {
        broken(expected, self.answer.clone())
    }
}

fn broken(expected: String, answer: Answer) -> Broken {
    Broken::Answer { expected, answer: Box::new(answer) }
}

/// A member of an object, as text.
pub fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A fresh idempotency key.
pub fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}
