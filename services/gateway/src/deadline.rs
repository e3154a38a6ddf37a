//! How long a call may take: what the caller asks for, but no longer than the gateway's own deadline.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The caller's `grpc-timeout`, shrunk to `longest`; `longest` when there is none that can be read.
pub(crate) fn of(headers: &HeaderMap, longest: Duration) -> Duration {
    let asked = headers.get(GRPC_TIMEOUT).and_then(|value| parse(value.to_str().ok()?));
    asked.map_or(longest, |asked| asked.min(longest))
}

/// Tells the service how long it has.
pub(crate) fn write(headers: &mut HeaderMap, deadline: Duration) {
    // Eight digits at most: 99 999 999 ms are more than a day, far beyond any configured deadline.
    let millis = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).clamp(1, 99_999_999);
    if let Ok(value) = HeaderValue::from_str(&format!("{millis}m")) {
        headers.insert(GRPC_TIMEOUT, value);
    }
}

/// Up to eight digits and a unit, as gRPC over HTTP/2 writes them.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_ask_for_less_but_not_for_more() {
        let longest = Duration::from_secs(15);
        for (text, expected) in [
            ("250m", Duration::from_millis(250)),
            ("1H", longest),
            ("", longest),
            ("m", longest),
            ("-1S", longest),
            ("123456789S", longest),
            ("3é", longest),
        ] {
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT, HeaderValue::from_bytes(text.as_bytes()).unwrap())]);
            assert_eq!(of(&headers, longest), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut headers = HeaderMap::new();
        write(&mut headers, Duration::from_secs(15));
        assert_eq!(of(&headers, Duration::from_secs(60)), Duration::from_secs(15));
    }
}
