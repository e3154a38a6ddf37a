//! What the current call carries along: its deadline, its trace, and whether it speaks for its caller.

use std::{future::Future, sync::Arc, time::Duration};

use http::HeaderValue;
use tokio::time::Instant;

/// How long a call may take when nobody has said: work that no call caused, a client without a deadline.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// One call. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<String>,
    /// The caller's own `authorization`, kept for [`acting_for_caller`].
    pub(crate) authorization: Option<HeaderValue>,
    /// Whether calls to peers carry it.
    pub(crate) for_caller: bool,
}

tokio::task_local! {
    pub(crate) static CURRENT: Arc<Scope>;
}

pub(crate) fn current() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// How long the current call may still take; 10 s outside of any call.
pub fn remaining() -> Duration {
    current().map_or(DEFAULT_DEADLINE, |scope| scope.deadline.saturating_duration_since(Instant::now()))
}

/// Makes the calls inside `work` in the name of the current call's own caller: their token goes along. By default a
/// service acts as itself.
pub async fn acting_for_caller<F: Future>(work: F) -> F::Output {
    match current() {
        Some(scope) => CURRENT.scope(Arc::new(Scope { for_caller: true, ..(*scope).clone() }), work).await,
        None => work.await,
    }
}
