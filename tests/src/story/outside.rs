//! All that somebody outside has: an address to call, a mailbox, and for the staff a password.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use testkit::{Answer, Client, Mailbox};
use tokio::time::{Instant, sleep};

use super::{Broken, Surroundings, broken::trace_id_of};

/// How long anything that follows by itself may take: mail, enrolment, erasure.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(60);

/// Stands before the school.
pub struct Outside {
    pub client: Client,
    pub demo: PathBuf,
    mail: Mailbox,
    last: Mutex<Last>,
}

/// What the school answered last.
#[derive(Clone, Default)]
pub struct Last {
    pub trace_id: String,
    /// None when it was asked over gRPC.
    pub answer: Option<Answer>,
}

impl Outside {
    pub fn try_new(surroundings: &Surroundings) -> Result<Self, Broken> {
        let client = Client::try_new(&surroundings.url, &surroundings.authority)?;
        Ok(Self { client, demo: surroundings.demo.clone(), mail: Mailbox::new(&surroundings.mail), last: Mutex::default() })
    }

    pub fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn answered(&self, answer: &Answer) {
        self.remember(Last { trace_id: answer.trace_id(), answer: Some(answer.clone()) });
    }

    /// The message of a gRPC answer, if it is one.
    pub fn grpc<T>(&self, expected: &'static str, answer: Result<tonic::Response<T>, tonic::Status>) -> Result<T, Broken> {
        let metadata = answer.as_ref().map_or_else(|status| status.metadata(), |response| response.metadata());
        self.remember(Last { trace_id: trace_id_of(metadata).unwrap_or_default(), answer: None });
        answer.map(tonic::Response::into_inner).map_err(|status| Broken::Grpc { expected, status: Box::new(status) })
    }

    fn remember(&self, last: Last) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Asks again and again until there is an answer. `what` says in the failure what was waited for.
    pub async fn until<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>, Broken>) -> Result<T, Broken> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            if Instant::now() > end {
                return Err(Broken::InVain { what: what.to_owned(), seconds: PATIENCE.as_secs() });
            }
            sleep(PAUSE).await;
        }
    }

    /// Every mail to an address, oldest first.
    pub fn mails(&self, address: &str) -> Vec<String> {
        self.mail.to(address)
    }

    /// Waits for a mail in which `wanted` finds something; the latest one counts.
    pub async fn mailed<T>(&self, address: &str, what: &str, wanted: impl Fn(&str) -> Option<T>) -> Result<T, Broken> {
        let what = format!("a mail with {what} in the folder of mails");
        self.until(&what, async || Ok(self.mails(address).iter().rev().find_map(|mail| wanted(mail)))).await
    }

    /// Waits for a mail with `text` in it.
    pub async fn mailed_with(&self, address: &str, text: &str) -> Result<(), Broken> {
        self.mailed(address, text, |mail| mail.contains(text).then_some(())).await
    }
}

/// What stands in a mail between `start` and the next space or bracket.
pub fn linked(mail: &str, start: &str) -> Option<String> {
    let rest = &mail[mail.find(start)? + start.len()..];
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}
