//! What an answer's headers or trailers say of its status, and what they must not say.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use foundation::{DOMAIN, reason_of};
use http::{HeaderMap, Response};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

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

/// Replaces what an internal error says with the trace id: causes are for the log.
pub(super) fn hide_causes(headers: &mut HeaderMap) {
    let Some(status) = status_in(headers).filter(|status| matches!(status.code(), Code::Internal | Code::Unknown)) else { return };
    let reason = reason_of(&status).unwrap_or_else(|| "INTERNAL".to_owned());
    tracing::error!(code = ?status.code(), %reason, "a call ended in an internal error");
    let about: HashMap<String, String> = trace::current_trace_id().map(|id| ("trace_id".to_owned(), id)).into_iter().collect();
    let shown = Status::with_error_details(Code::Internal, SHOWN, ErrorDetails::with_error_info(reason, DOMAIN, about));
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        headers.remove(name);
    }
    if shown.add_header(headers).is_err() {
        headers.insert(Status::GRPC_STATUS, http::HeaderValue::from_static("13"));
    }
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
