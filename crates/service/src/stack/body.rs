//! A streamed answer: it keeps its call's scope, cannot take a worker down, and does not show internal causes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body};
use tracing::Span;

use super::answer;
use crate::call::scope::{self, CURRENT, Scope};

pub(super) struct Streamed {
    inner: Body,
    scope: Arc<Scope>,
    span: Span,
    ends: Pin<Box<Sleep>>,
    over: bool,
}

impl Streamed {
    /// Call it inside the call's scope.
    pub(super) fn new(inner: Body, ends: Instant) -> Self {
        let scope = Scope {
            deadline: ends,
            traceparent: crate::trace::current_traceparent(),
            authorization: scope::current().and_then(|scope| scope.authorization.clone()),
            for_caller: false,
        };
        Self { inner, scope: Arc::new(scope), span: Span::current(), ends: Box::pin(sleep_until(ends)), over: false }
    }

    fn end_with(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.over = true;
        let id = self.span.in_scope(crate::trace::current_trace_id);
        Poll::Ready(Some(Err(id.map_or_else(|| status.clone(), |id| foundation::with_trace_id(&status, &id)))))
    }
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        let (inner, scope, span) = (&mut this.inner, &this.scope, &this.span);
        let polled = CURRENT.sync_scope(scope.clone(), || {
            span.in_scope(|| {
                catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(context))).map(|polled| match polled {
                    Poll::Ready(Some(Ok(mut frame))) => {
                        frame.trailers_mut().into_iter().for_each(answer::hide_causes);
                        Poll::Ready(Some(Ok(frame)))
                    }
                    other => other,
                })
            })
        });
        match polled {
            Ok(Poll::Pending) if this.ends.as_mut().poll(context).is_ready() => {
                this.end_with(Status::deadline_exceeded("the stream took too long"))
            }
            Ok(polled) => polled,
            Err(_panic) => {
                tracing::error!(parent: &this.span, alarm = "PANIC", "a streamed answer panicked");
                this.end_with(Status::internal("internal error"))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
