//! One event given to one reaction, on whichever bus it came.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;

use crate::{
    Envelope, Outcome, Reactor,
    rules::{self, Verdict},
};

/// It was not taken, and why; no value.
#[derive(Debug)]
pub(crate) struct NotYet {
    pub(crate) reason: String,
    pub(crate) wait: Duration,
}

/// Gives an event to a reaction, and sets it aside when that was tried too often. `attempts` are the tries before this one. A reaction
/// that panics is one that failed: nothing else stops for it.
pub(crate) async fn give(reactor: &dyn Reactor, envelope: &Envelope, attempts: i64) -> Result<Outcome, NotYet> {
    let outcome = AssertUnwindSafe(reactor.react(envelope)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(reaction = reactor.name(), event = %envelope.id, alarm = "PANIC", "a reaction panicked");
        Outcome::Later("the reaction panicked".into())
    });
    match rules::verdict(outcome, attempts) {
        Verdict::Settled(outcome) => Ok(outcome),
        Verdict::Again { reason, wait } => Err(NotYet { reason, wait }),
        Verdict::SetAside(reason) => {
            tracing::error!(reaction = reactor.name(), event = %envelope.id, reason, "an event was tried too often and is set aside");
            set_aside(reactor, envelope, &reason, attempts).await
        }
    }
}

/// Parks an event that no try will help; when even that fails, it comes again.
pub(crate) async fn set_aside(reactor: &dyn Reactor, envelope: &Envelope, reason: &str, attempts: i64) -> Result<Outcome, NotYet> {
    match reactor.park(envelope, reason).await {
        Ok(()) => Ok(Outcome::Parked),
        Err(error) => Err(NotYet { reason: error.to_string(), wait: rules::backoff(attempts) }),
    }
}
