//! How a refusal leaves the house: `google.rpc.Status` with a reason, the field, and what to do.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every `google.rpc.ErrorInfo` of this platform.
pub const DOMAIN: &str = "kolsai";

/// Why a call was refused. Holds no personal data: the message is written by us, not by the caller.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refusal {
    pub code: Code,
    /// `UPPER_SNAKE_CASE`, stable: callers may branch on it.
    pub reason: &'static str,
    pub message: String,
    pub field: Option<&'static str>,
    pub retry_after: Option<Duration>,
}

impl Refusal {
    pub fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), field: None, retry_after: None }
    }

    pub fn invalid(reason: &'static str, field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(Code::InvalidArgument, reason, message) }
    }

    pub fn not_found(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, reason, message)
    }

    pub fn unauthenticated(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, reason, message)
    }

    pub fn denied(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, reason, message)
    }

    pub fn precondition(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, reason, message)
    }

    /// Somebody else was faster: read again and try again.
    pub fn conflict(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, reason, message)
    }

    pub fn exhausted(reason: &'static str, message: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::ResourceExhausted, reason, message) }
    }

    pub fn unavailable(reason: &'static str, message: impl Into<String>) -> Self {
        Self { retry_after: Some(Duration::from_secs(1)), ..Self::new(Code::Unavailable, reason, message) }
    }

    /// Logs the cause under the current trace and shows nothing of it.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal error");
        Self::new(Code::Internal, "INTERNAL", "something went wrong on our side; quote the trace id when you ask about it")
    }

    pub fn at_field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut details = ErrorDetails::with_error_info(refusal.reason, DOMAIN, HashMap::new());
        if let Some(field) = refusal.field {
            details.add_bad_request_violation(field, refusal.message.clone());
        }
        if let Some(after) = refusal.retry_after {
            details.set_retry_info(Some(after));
        }
        Status::with_error_details(refusal.code, refusal.message, details)
    }
}

/// The reason that a status carries, if it is one of ours.
pub fn reason_of(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// The key of the trace id in the metadata of `google.rpc.ErrorInfo`.
const TRACE_ID: &str = "trace_id";

/// The same error with the id of its trace among its details: the one thing to quote when asking about it. An error that gives no
/// reason has its code's name as one.
pub fn with_trace_id(status: &Status, id: &str) -> Status {
    let mut details = status.get_error_details();
    let info = details.error_info().cloned();
    let (reason, domain, mut metadata) = match info {
        Some(info) => (info.reason, info.domain, info.metadata),
        None => (code_name(status.code()).to_owned(), DOMAIN.to_owned(), HashMap::new()),
    };
    metadata.entry(TRACE_ID.to_owned()).or_insert_with(|| id.to_owned());
    details.set_error_info(reason, domain, metadata);
    Status::with_error_details_and_metadata(status.code(), status.message(), details, status.metadata().clone())
}

/// As `google/rpc/code.proto` names it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether a code says that something is wrong on our side (OpenTelemetry's semantic conventions for servers of gRPC).
pub fn is_our_fault(code: Code) -> bool {
    matches!(code, Code::Unknown | Code::DeadlineExceeded | Code::Unimplemented | Code::Internal | Code::Unavailable | Code::DataLoss)
}
