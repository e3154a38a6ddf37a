//! Calls at work, counted, so that a stopping process finishes them and takes no more.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use foundation::Refusal;
use http::{Request, Response};
use tokio::sync::Notify;
use tonic::{Status, body::Body};
use tower::ServiceExt;

use crate::{call::scope, peers::Local};

/// Clones count together.
#[derive(Clone, Default)]
pub struct Drain(Arc<State>);

#[derive(Default)]
struct State {
    stopping: AtomicBool,
    calls: AtomicUsize,
    finished: Notify,
}

/// One call at work.
struct Call(Arc<State>);

impl Drain {
    /// Counts the calls of a service, and refuses new ones once the process stops. What a call at work asks of its peers is
    /// part of it and goes through.
    pub(crate) fn around(&self, service: Local) -> Local {
        let drain = self.clone();
        Local::new(tower::service_fn(move |request: Request<Body>| {
            let (state, service) = (drain.0.clone(), service.clone());
            async move {
                if state.stopping.load(Ordering::SeqCst) && scope::current().is_none() {
                    return Ok::<Response<Body>, Infallible>(Status::from(stopping()).into_http());
                }
                let _call = Call::begin(state);
                service.oneshot(request).await
            }
        }))
    }

    /// Waits until no call is at work, at most for `span`.
    pub(crate) async fn finish(&self, span: Duration) {
        self.0.stopping.store(true, Ordering::SeqCst);
        let waited = tokio::time::timeout(span, async {
            loop {
                let finished = self.0.finished.notified();
                if self.0.calls.load(Ordering::SeqCst) == 0 {
                    return;
                }
                finished.await;
            }
        });
        if waited.await.is_err() {
            tracing::warn!(calls = self.0.calls.load(Ordering::SeqCst), "some calls did not finish in time");
        }
    }
}

impl Call {
    fn begin(state: Arc<State>) -> Self {
        state.calls.fetch_add(1, Ordering::SeqCst);
        Self(state)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.finished.notify_waiters();
        }
    }
}

fn stopping() -> Refusal {
    Refusal::unavailable("STOPPING", "this process is stopping; try again")
}
