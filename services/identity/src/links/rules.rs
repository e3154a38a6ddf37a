//! What a link is, how its token is written, and whether it still holds.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::identity::v1::link_issued;
use foundation::{Timestamp, uuid::Uuid};

use super::rows::{LinkId, link};

/// As the column `kind` has it, and as the event says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    Confirm = 1,
    ResetPassword = 2,
    /// The mail says that the address has an account; it carries no link.
    AlreadyRegistered = 3,
}

impl Kind {
    pub fn ttl(self) -> Duration {
        match self {
            Self::Confirm | Self::AlreadyRegistered => Duration::from_secs(24 * 3600),
            Self::ResetPassword => Duration::from_secs(3600),
        }
    }

    pub fn announced(self) -> link_issued::Kind {
        match self {
            Self::Confirm => link_issued::Kind::Confirm,
            Self::ResetPassword => link_issued::Kind::ResetPassword,
            Self::AlreadyRegistered => link_issued::Kind::AlreadyRegistered,
        }
    }
}

/// What ends a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Used,
    Expired,
}

/// Whether a link of the right kind holds now. Used comes first: it is what the person remembers.
pub fn holds(link: &link::Model, now: Timestamp) -> Result<(), Ended> {
    match link.used_at {
        Some(_) => Err(Ended::Used),
        None if link.expires_at <= now => Err(Ended::Expired),
        None => Ok(()),
    }
}

/// base64url of the link's identifier and its code (RFC 4648, section 5, without padding).
pub fn encode(id: LinkId, code: &[u8; 32]) -> String {
    let mut bytes = [0; 48];
    bytes[..16].copy_from_slice(id.0.as_bytes());
    bytes[16..].copy_from_slice(code);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(token: &str) -> Option<(LinkId, [u8; 32])> {
    // 48 bytes are 64 letters; anything else is not worth decoding.
    if token.len() != 64 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, code) = bytes.split_first_chunk::<16>()?;
    Some((LinkId(Uuid::from_bytes(*id)), code.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use foundation::PersonId;
    use proptest::prelude::*;

    use super::*;

    fn link(expires: i64, used: Option<i64>) -> link::Model {
        link::Model {
            id: LinkId::new_v4(),
            person: PersonId::new_v4(),
            kind: Kind::Confirm as i32,
            issued_at: Timestamp::from_micros(0),
            expires_at: Timestamp::from_micros(expires),
            used_at: used.map(Timestamp::from_micros),
            version: 1,
        }
    }

    #[test]
    fn a_link_holds_once_and_until_its_end() {
        let now = Timestamp::from_micros(10);
        assert_eq!(holds(&link(11, None), now), Ok(()));
        assert_eq!(holds(&link(10, None), now), Err(Ended::Expired));
        assert_eq!(holds(&link(11, Some(9)), now), Err(Ended::Used));
        assert_eq!(holds(&link(10, Some(9)), now), Err(Ended::Used));
    }

    proptest! {
        #[test]
        fn a_token_reads_back(id: [u8; 16], code: [u8; 32]) {
            let id = LinkId(Uuid::from_bytes(id));
            prop_assert_eq!(decode(&encode(id, &code)), Some((id, code)));
        }

        #[test]
        fn no_text_is_trouble(text in ".{0,80}") {
            let _ = decode(&text);
        }
    }
}
