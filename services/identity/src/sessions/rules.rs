//! How long a session lasts, and what a presented refresh token means for it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use foundation::{Timestamp, uuid::Uuid};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::rows::{SessionId, session};

/// Of an access token; the cache remembers revocations for longer.
pub const ACCESS: Duration = Duration::from_secs(10 * 60);

/// Without use, and at the longest.
const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);

/// Two tabs may refresh at the same moment: whoever comes second within this time has lost nothing but must use the newer token.
const GRACE: Duration = Duration::from_secs(10);

/// Spent tokens remembered per session: a day and a half of refreshing every ten minutes.
const SPENT: usize = 220;

const HASH: usize = 32;

/// When a session ends that is used now.
pub fn expiry(signed_in_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(IDLE).min(signed_in_at.plus(LONGEST))
}

/// A refresh token: the session, and 32 random bytes. Wiped when dropped.
pub struct RefreshToken {
    pub session: SessionId,
    secret: Zeroizing<[u8; 32]>,
}

impl RefreshToken {
    pub fn new(session: SessionId) -> Self {
        Self { session, secret: Zeroizing::new(rand::random()) }
    }

    /// base64url without padding (RFC 4648, section 5).
    pub fn encode(&self) -> String {
        let mut bytes = Zeroizing::new([0; 48]);
        bytes[..16].copy_from_slice(self.session.0.as_bytes());
        bytes[16..].copy_from_slice(self.secret.as_ref());
        URL_SAFE_NO_PAD.encode(bytes.as_ref())
    }

    pub fn decode(text: &str) -> Option<Self> {
        // 48 bytes are 64 letters; anything else is not worth decoding.
        if text.len() != 64 {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (session, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { session: SessionId(Uuid::from_bytes(*session)), secret: Zeroizing::new(secret.try_into().ok()?) })
    }

    /// What is stored of it.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret.as_ref()).to_vec()
    }
}

/// What a presented token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    Current,
    /// The one before, a moment after it was traded in.
    Raced,
    /// One that was traded in: somebody has a copy. The session must end.
    Reused,
    /// None of this session's, or the session's time is over.
    Unknown,
}

pub fn presented(session: &session::Model, token: &RefreshToken, now: Timestamp) -> Presented {
    let hash = token.hash();
    let is = |stored: &[u8]| bool::from(stored.ct_eq(&hash));
    if session.expires_at <= now {
        return Presented::Unknown;
    }
    if is(&session.refresh) {
        return Presented::Current;
    }
    let latest = session.spent.len().checked_sub(HASH).map(|from| &session.spent[from..]);
    let just_now = session.rotated_at.is_some_and(|at| now.since(at) <= GRACE);
    match session.spent.chunks_exact(HASH).any(is) {
        true if just_now && latest.is_some_and(is) => Presented::Raced,
        true => Presented::Reused,
        false => Presented::Unknown,
    }
}

/// The session after its current token was traded for `next`.
pub fn rotate(session: &mut session::Model, next: &RefreshToken, now: Timestamp) {
    let spent = std::mem::replace(&mut session.refresh, next.hash());
    session.spent.extend(spent);
    let beyond = session.spent.len().saturating_sub(SPENT * HASH);
    session.spent.drain(..beyond);
    session.rotated_at = Some(now);
    session.last_used_at = now;
    session.expires_at = expiry(session.signed_in_at, now);
}

#[cfg(test)]
mod tests {
    use foundation::PersonId;
    use proptest::prelude::*;

    use super::*;

    fn begun() -> (session::Model, RefreshToken) {
        let (id, at) = (SessionId::new_v4(), Timestamp::from_micros(0));
        let token = RefreshToken::new(id);
        let session = session::Model {
            id,
            person: PersonId::new_v4(),
            refresh: token.hash(),
            spent: Vec::new(),
            rotated_at: None,
            signed_in_at: at,
            last_used_at: at,
            expires_at: expiry(at, at),
            version: 1,
        };
        (session, token)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn only_the_latest_token_is_current() {
        let (mut session, first) = begun();
        assert_eq!(presented(&session, &first, at(1)), Presented::Current);
        let second = RefreshToken::new(session.id);
        rotate(&mut session, &second, at(100));
        assert_eq!(presented(&session, &second, at(101)), Presented::Current);
        assert_eq!(presented(&session, &first, at(110)), Presented::Raced);
        assert_eq!(presented(&session, &first, at(111)), Presented::Reused);
        let third = RefreshToken::new(session.id);
        rotate(&mut session, &third, at(112));
        assert_eq!(presented(&session, &first, at(113)), Presented::Reused, "not the latest, so no race");
        assert_eq!(presented(&session, &second, at(113)), Presented::Raced);
        assert_eq!(presented(&session, &RefreshToken::new(session.id), at(113)), Presented::Unknown);
    }

    #[test]
    fn a_session_ends_unused_and_at_the_latest() {
        let (mut session, token) = begun();
        let day = 24 * 3600;
        assert_eq!(presented(&session, &token, at(30 * day - 1)), Presented::Current);
        assert_eq!(presented(&session, &token, at(30 * day)), Presented::Unknown);
        for n in 1..=89 {
            let next = RefreshToken::new(session.id);
            rotate(&mut session, &next, at(n * day));
        }
        assert_eq!(session.expires_at, at(90 * day));
    }

    #[test]
    fn what_is_remembered_of_a_session_is_bounded() {
        let (mut session, _) = begun();
        let mut tokens = Vec::new();
        for n in 0..300 {
            tokens.push(RefreshToken::new(session.id));
            rotate(&mut session, &tokens[n], at(n as u64));
        }
        assert_eq!(session.spent.len(), SPENT * HASH);
        assert_eq!(presented(&session, &tokens[298], at(1000)), Presented::Reused);
        assert_eq!(presented(&session, &tokens[10], at(1000)), Presented::Unknown);
    }

    proptest! {
        #[test]
        fn a_token_reads_back(id: [u8; 16]) {
            let token = RefreshToken::new(SessionId(Uuid::from_bytes(id)));
            let read = RefreshToken::decode(&token.encode()).unwrap();
            prop_assert_eq!((read.session, read.hash()), (token.session, token.hash()));
        }

        #[test]
        fn no_text_is_trouble(text in ".{0,80}") {
            let _ = RefreshToken::decode(&text);
        }
    }
}
