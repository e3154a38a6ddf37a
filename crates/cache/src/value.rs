//! What a server stores for one value: `<end in microseconds, UTC>:<payload>`.
//!
//! The server's own expiry does the same in real time. The end stands in the value too, so that time is the platform's clock on
//! every engine; whichever comes first ends the value.

use foundation::Timestamp;

use crate::CacheError;

/// A counter is decimal text of at most so many digits: both engines and the server's scripts count that far exactly.
const DIGITS: usize = 15;

pub(crate) fn seal(ends: Timestamp, payload: &[u8]) -> Vec<u8> {
    let mut stored = format!("{}:", ends.micros()).into_bytes();
    stored.extend_from_slice(payload);
    stored
}

/// The payload, unless its time is over.
pub(crate) fn open(stored: &[u8], now: Timestamp) -> Result<Option<Vec<u8>>, CacheError> {
    let at = stored.iter().position(|byte| *byte == b':').ok_or(CacheError::Foreign)?;
    let ends = std::str::from_utf8(&stored[..at]).ok().and_then(|text| text.parse().ok()).ok_or(CacheError::Foreign)?;
    Ok((Timestamp::from_micros(ends) > now).then(|| stored[at + 1..].to_vec()))
}

/// What a counter has counted.
pub(crate) fn count(payload: &[u8]) -> Result<u64, CacheError> {
    if payload.len() > DIGITS || !payload.iter().all(u8::is_ascii_digit) {
        return Err(CacheError::NotACounter);
    }
    std::str::from_utf8(payload).ok().and_then(|text| text.parse().ok()).ok_or(CacheError::NotACounter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_until_its_time() {
        let (before, end) = (Timestamp::from_micros(9), Timestamp::from_micros(10));
        let stored = seal(end, b"a:b");
        assert_eq!(open(&stored, before), Ok(Some(b"a:b".to_vec())));
        assert_eq!(open(&stored, end), Ok(None));
        for foreign in [&b""[..], b"value", b":value", b"x:value"] {
            assert_eq!(open(foreign, before), Err(CacheError::Foreign));
        }
    }

    #[test]
    fn a_counter_is_digits() {
        assert_eq!(count(b"999999999999999"), Ok(999_999_999_999_999));
        for text in [&b""[..], b"+1", b"-1", b"1 ", b"x", b"1000000000000000"] {
            assert_eq!(count(text), Err(CacheError::NotACounter));
        }
    }
}
