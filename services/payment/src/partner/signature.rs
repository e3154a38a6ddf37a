//! Signatures with a shared key: `t=<seconds since 1970>,v1=<HMAC-SHA-256 of "<t>.<what is signed>", hex>`.

use std::time::Duration;

use foundation::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Secret;

/// On the partner's notifications.
pub(crate) const PARTNER_HEADER: &str = "x-partner-signature";
/// On our requests.
pub(crate) const MERCHANT_HEADER: &str = "x-merchant-signature";
/// Who signed, on our requests.
pub(crate) const MERCHANT_NAME: &str = "x-merchant";

/// How far a signature's time may be from our clock, either way.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error("there is no signature, or it is not written as agreed")]
    Unreadable,
    #[error("the signature is not of these bytes under the agreed key")]
    Wrong,
    #[error("the signature is older or newer than five minutes")]
    Stale,
}

pub(crate) fn sign(key: &Secret, at: Timestamp, parts: &[&[u8]]) -> String {
    let seconds = at.seconds();
    let code = mac(key, seconds, parts).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("t={seconds},v1={code}")
}

/// The signature first, in constant time; its age only of what is genuine.
pub(crate) fn verify(key: &Secret, now: Timestamp, header: &str, parts: &[&[u8]]) -> Result<(), Unsigned> {
    let (time, code) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).ok_or(Unsigned::Unreadable)?;
    // Only the canonical form was signed.
    let seconds = time.parse::<i64>().ok().filter(|seconds| seconds.to_string() == time).ok_or(Unsigned::Unreadable)?;
    let code = hex::decode(code).map_err(|_| Unsigned::Unreadable)?;
    let mac = mac(key, seconds, parts).ok_or(Unsigned::Wrong)?;
    mac.verify_slice(&code).map_err(|_| Unsigned::Wrong)?;
    let age = now.seconds().abs_diff(seconds);
    if age > TOLERANCE.as_secs() { Err(Unsigned::Stale) } else { Ok(()) }
}

fn mac(key: &Secret, seconds: i64, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length (RFC 2104); an empty one is none.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).ok().filter(|_| !key.bytes().is_empty())?;
    mac.update(seconds.to_string().as_bytes());
    for part in parts {
        mac.update(b".");
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> Secret {
        "a key that both sides have agreed on".into()
    }

    const NOW: Timestamp = Timestamp::from_micros(1_766_000_000_000_000);

    #[test]
    fn a_signature_holds_for_five_minutes_either_way() {
        let header = sign(&key(), NOW, &[b"body"]);
        for (now, expected) in [
            (NOW, Ok(())),
            (NOW.plus(TOLERANCE), Ok(())),
            (NOW.minus(TOLERANCE), Ok(())),
            (NOW.plus(TOLERANCE + Duration::from_secs(1)), Err(Unsigned::Stale)),
            (NOW.minus(TOLERANCE + Duration::from_secs(1)), Err(Unsigned::Stale)),
        ] {
            assert_eq!(verify(&key(), now, &header, &[b"body"]), expected);
        }
    }

    #[test]
    fn everything_else_fails_closed() {
        let header = sign(&key(), NOW, &[b"body"]);
        assert_eq!(verify(&"another key, as long as the first one".into(), NOW, &header, &[b"body"]), Err(Unsigned::Wrong));
        assert_eq!(verify(&"".into(), NOW, &sign(&"".into(), NOW, &[b"body"]), &[b"body"]), Err(Unsigned::Wrong));
        let later = header.replace("t=1766000000", "t=1766000001");
        assert_eq!(verify(&key(), NOW, &later, &[b"body"]), Err(Unsigned::Wrong));
        for unreadable in ["", "t=,v1=", "v1=00", "t=1766000000", "t=+1766000000,v1=00", "t=1766000000,v1=zz", &header[..header.len() - 1]]
        {
            assert_eq!(verify(&key(), NOW, unreadable, &[b"body"]), Err(Unsigned::Unreadable), "{unreadable}");
        }
        assert_eq!(verify(&key(), NOW, &header[..header.len() - 2], &[b"body"]), Err(Unsigned::Wrong), "a shortened code");
    }

    proptest! {
        #[test]
        fn only_the_same_bytes_pass(body in proptest::collection::vec(any::<u8>(), 1..200), at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
            let header = sign(&key(), NOW, &[&body]);
            prop_assert_eq!(verify(&key(), NOW, &header, &[&body]), Ok(()));
            let mut other = body.clone();
            other[at.index(body.len())] ^= 1 << bit;
            prop_assert_eq!(verify(&key(), NOW, &header, &[&other]), Err(Unsigned::Wrong));
        }
    }
}
