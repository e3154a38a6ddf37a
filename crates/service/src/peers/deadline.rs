//! `grpc-timeout`, as the gRPC protocol writes it: at most eight digits and a unit.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

const TIMEOUT: &str = "grpc-timeout";

/// How long the caller will wait, if they have said so and it can be read.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// Says how long the caller will wait, in the finest unit that eight digits hold.
pub(crate) fn write(headers: &mut HeaderMap, span: Duration) {
    const MOST: u128 = 99_999_999;
    let text = if span.as_micros() <= MOST {
        format!("{}u", span.as_micros())
    } else if span.as_millis() <= MOST {
        format!("{}m", span.as_millis())
    } else {
        format!("{}S", u128::from(span.as_secs()).min(MOST))
    };
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(TIMEOUT, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for millis in [0, 1, 99, 10_000, 99_999, 3_600_000, 999_999_999] {
            let mut headers = HeaderMap::new();
            let span = Duration::from_millis(millis);
            write(&mut headers, span);
            let read = asked_for(&headers).unwrap();
            assert!(read <= span && span - read < Duration::from_secs(1), "{span:?} became {read:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for wrong in ["", "S", "1", "123456789S", "-1S", "1x", "1 S", "١S"] {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT, HeaderValue::from_bytes(wrong.as_bytes()).unwrap());
            assert_eq!(asked_for(&headers), None, "{wrong}");
        }
    }
}
