//! What the store refuses, in the gateway's own words: S3's XML names resources, requests and hosts.

use http::StatusCode;
use tonic::Code;

use foundation::Refusal;

use crate::json::Problem;

/// A body of unknown length.
pub(super) fn without_length() -> Problem {
    Problem::new(StatusCode::LENGTH_REQUIRED, Code::InvalidArgument, "UPLOAD_LENGTH_REQUIRED", "send the header `content-length`")
}

/// A body beyond what may be sent, in bytes.
pub(super) fn too_large(most: u64) -> Problem {
    let message = format!("an upload may hold at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument, "UPLOAD_TOO_LARGE", message)
}

/// The store is away, or failed.
pub(super) fn unavailable() -> Refusal {
    Refusal::unavailable("OBJECTS_UNAVAILABLE", "files cannot be taken at the moment; try again")
}

/// The store's refusal. Its XML says in `Code` what kind it is; of its words none are repeated.
pub(super) fn problem(status: StatusCode, xml: &[u8], most: u64) -> Problem {
    let xml = String::from_utf8_lossy(xml);
    let code = element(&xml, "Code").unwrap_or_default();
    let refuse = |status, code, reason, message: &str| Problem::new(status, code, reason, message);
    match (code, status) {
        // S3 has no code of its own for a link that has run out.
        ("AccessDenied", _) if element(&xml, "Message").is_some_and(|message| message.contains("expired")) => {
            refuse(StatusCode::FORBIDDEN, Code::PermissionDenied, "UPLOAD_EXPIRED", "this upload link has run out; ask for another one")
        }
        ("EntityTooLarge", _) | (_, StatusCode::PAYLOAD_TOO_LARGE) => too_large(most),
        ("MissingContentLength", _) | (_, StatusCode::LENGTH_REQUIRED) => without_length(),
        ("IncompleteBody" | "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch", _) => refuse(
            StatusCode::BAD_REQUEST,
            Code::InvalidArgument,
            "UPLOAD_DAMAGED",
            "what arrived is not what was announced; send the file again",
        ),
        _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            tracing::warn!(status = status.as_u16(), "the object store failed to take an upload");
            unavailable().into()
        }
        // Every other request is one that we did not sign.
        _ => refuse(
            StatusCode::FORBIDDEN,
            Code::PermissionDenied,
            "UPLOAD_NOT_SIGNED",
            "this is not an upload link of ours; send the file as the link's method and headers say, or ask for another link",
        ),
    }
}

/// The text of an element that holds nothing but text.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: &str, message: &str) -> serde_json::Value {
        let xml = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message><Resource>/kolsai/incoming/1</Resource></Error>"
        );
        let json = problem(StatusCode::from_u16(status).unwrap(), xml.as_bytes(), 10).to_json("0af7")["error"].clone();
        assert!(!json.to_string().contains("kolsai/"), "{json}");
        json
    }

    #[test]
    fn each_kind_of_refusal_has_its_reason() {
        for (status, code, message, expected, reason) in [
            (403, "AccessDenied", "Request has expired", 403, "UPLOAD_EXPIRED"),
            (403, "AccessDenied", "Signature is required", 403, "UPLOAD_NOT_SIGNED"),
            (403, "SignatureDoesNotMatch", "", 403, "UPLOAD_NOT_SIGNED"),
            (403, "NotSignedUp", "Your account is not signed up", 403, "UPLOAD_NOT_SIGNED"),
            (400, "InvalidRequest", "missing presigned url v4 fields", 403, "UPLOAD_NOT_SIGNED"),
            (501, "NotImplemented", "CopyObject is not implemented yet", 403, "UPLOAD_NOT_SIGNED"),
            (400, "EntityTooLarge", "", 413, "UPLOAD_TOO_LARGE"),
            (400, "IncompleteBody", "", 400, "UPLOAD_DAMAGED"),
            (411, "MissingContentLength", "", 411, "UPLOAD_LENGTH_REQUIRED"),
            (500, "InternalError", "/srv/data: disk full", 503, "OBJECTS_UNAVAILABLE"),
        ] {
            let json = told(status, code, message);
            assert_eq!((json["code"].as_u64(), json["reason"].as_str()), (Some(expected), Some(reason)), "{code}");
        }
    }

    #[test]
    fn an_answer_that_is_no_xml_is_refused_by_its_status() {
        let reason = |status, body: &[u8]| problem(StatusCode::from_u16(status).unwrap(), body, 10).to_json("")["error"]["reason"].clone();
        assert_eq!(reason(403, b""), "UPLOAD_NOT_SIGNED");
        assert_eq!(reason(413, b"\xff<Code>"), "UPLOAD_TOO_LARGE");
        assert_eq!(reason(502, b"<Code>x"), "OBJECTS_UNAVAILABLE");
    }
}
