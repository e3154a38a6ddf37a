//! What an answer's headers or trailers say of its status, and what they must not say.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use contract::MethodRule;
use foundation::{DOMAIN, code_name, is_our_fault, metrics::all::CALLS, reason_of, with_trace_id};
use http::{HeaderMap, Response};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tracing::Span;

use crate::trace;

const SHOWN: &str = "internal error; quote the trace id";

/// Whether the call went well, as far as its headers tell: an error of a unary method comes in them.
pub(super) fn is_ok<B>(answer: &Response<B>) -> bool {
    status_in(answer.headers()).is_none_or(|status| status.code() == Code::Ok)
}

/// The code and reason of an answer that is an error.
pub(super) fn refusal_in<B>(answer: &Response<B>) -> Option<(Code, &'static str)> {
    let status = status_in(answer.headers()).filter(|status| status.code() != Code::Ok)?;
    Some((status.code(), reason_of(&status).map_or(named(status.code()), |reason| interned(&reason))))
}

fn status_in(headers: &HeaderMap) -> Option<Status> {
    headers.contains_key(Status::GRPC_STATUS).then(|| Status::from_header_map(headers)).flatten()
}

/// Replaces what an internal error says: causes are for the log. Whatever the error is, it carries the trace id.
pub(super) fn hide_causes(headers: &mut HeaderMap) {
    let Some(status) = status_in(headers).filter(|status| status.code() != Code::Ok) else { return };
    let id = trace::current_trace_id();
    let shown = match status.code() {
        Code::Internal | Code::Unknown => {
            let reason = reason_of(&status).unwrap_or_else(|| "INTERNAL".to_owned());
            tracing::error!(code = ?status.code(), %reason, "a call ended in an internal error");
            Status::with_error_details(Code::Internal, SHOWN, ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new()))
        }
        _ if id.is_none() => return,
        _ => status,
    };
    let shown = id.map_or_else(|| shown.clone(), |id| with_trace_id(&shown, &id));
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        headers.remove(name);
    }
    if shown.add_header(headers).is_err() {
        headers.insert(Status::GRPC_STATUS, http::HeaderValue::from_static("13"));
    }
}

/// Tells the current span and the metrics how a call ended, as far as its headers say.
pub(super) fn tell<B>(answer: &Response<B>, method: Option<&'static MethodRule>, service: &'static str, began: Instant) {
    let code = status_in(answer.headers()).map_or(Code::Ok, |status| status.code());
    let (span, name) = (Span::current(), code_name(code));
    span.record("rpc.response.status_code", name);
    if is_our_fault(code) {
        span.record("otel.status_code", "ERROR");
    }
    // As the conventions write it: `package.Service/Method`.
    let method = method.map_or("unknown", |rule| rule.path.trim_start_matches('/'));
    CALLS.record(began.elapsed(), ["grpc".into(), method.into(), name.into(), service.into()]);
}

/// A reason as the access log takes it. Reasons are constants of the code, so there are few; what else comes is not kept.
fn interned(reason: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    const MOST: usize = 2_000;
    if reason.is_empty()
        || reason.len() > 63
        || !reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    {
        return "UNNAMED";
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.get(reason) {
        return same;
    }
    if known.len() >= MOST {
        return "UNNAMED";
    }
    let kept: &'static str = Box::leak(reason.to_owned().into_boxed_str());
    known.insert(kept);
    kept
}

fn named(code: Code) -> &'static str {
    match code {
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::NotFound => "NOT_FOUND",
        _ => "UNNAMED",
    }
}
