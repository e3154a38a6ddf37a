//! How a step breaks.

use std::path::PathBuf;

use testkit::{Answer, ClientError};

/// Why the story cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("{expected}. The whole answer:\n{}", whole(answer))]
    Answer { expected: String, answer: Box<Answer> },
    #[error("{expected}. gRPC answered {status:?}")]
    Grpc { expected: &'static str, status: Box<tonic::Status> },
    #[error("{expected}. The page answered {status}:\n{body}")]
    Page { expected: &'static str, status: http::StatusCode, body: String },
    #[error("waited {seconds} seconds in vain for {what}")]
    InVain { what: String, seconds: u64 },
    #[error(transparent)]
    NoAnswer(#[from] ClientError),
    #[error("{} cannot be used: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("{0}")]
    Wrong(String),
}

impl Broken {
    pub fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong(what.into())
    }

    /// Of the answer that broke the step.
    pub fn trace_id(&self) -> Option<String> {
        match self {
            Self::Answer { answer, .. } => Some(answer.trace_id()),
            Self::Grpc { status, .. } => trace_id_of(status.metadata()),
            _ => None,
        }
    }

    /// Whether the answer is in the message already.
    pub fn shows_answer(&self) -> bool {
        matches!(self, Self::Answer { .. } | Self::Grpc { .. } | Self::Page { .. })
    }
}

/// `x-trace-id` of a gRPC answer.
pub fn trace_id_of(metadata: &tonic::metadata::MetadataMap) -> Option<String> {
    metadata.get("x-trace-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// Status, headers and body; a body that is no text by its length.
pub fn whole(answer: &Answer) -> String {
    let mut text = format!("  {}\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("  {name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    }
    let body = match std::str::from_utf8(&answer.body) {
        Ok(body) => body.to_owned(),
        Err(_) => format!("({} bytes that are no text)", answer.body.len()),
    };
    text + "\n  " + &body
}
