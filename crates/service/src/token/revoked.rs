//! Whether a token has ended before its time.
//!
//! Identity's database knows; the cache is its mirror, which every process reads with one question. A mirror on a server may be away,
//! and may come back empty. So identity signs it: under [`MIRROR`] stands which filling it is, and under [`MIRROR_LEASE`], for less than
//! a second and only while that filling stands, that everything noted until then is in it. What a reader makes of it:
//!
//! | the cache | identity | a token that is not noted as ended |
//! |---|---|---|
//! | is signed | | is good |
//! | is not signed, empty or away | answers | is good, if identity's own list does not name it |
//! | is filled but no longer signed | does not answer | is good, but not where a fresh sign-in is demanded |
//! | is empty or away | does not answer | is refused: `REVOCATIONS_UNAVAILABLE` |
//!
//! In the third line identity is gone: it ends no session there, and none that it noted was lost, but one that it was noting as it
//! went may live until its token ends, ten minutes at most.

use cache::Cache;
use foundation::{PersonId, Refusal, Transport};
use uuid::Uuid;

use super::{Claims, ended::Ended};

/// Where identity says which filling of the mirror this is. Absent while it is empty, or being filled.
pub const MIRROR: &str = "revoked-mirror";

/// Where identity says, for less than a second, that the mirror holds everything.
pub const MIRROR_LEASE: &str = "revoked-mirror-lease";

/// Where identity notes that a session has ended: any value, for at least as long as its last access token lives.
pub fn revocation_key(session: Uuid) -> String {
    format!("revoked:{session}")
}

/// Where it is noted that every token of a person has ended, whatever its session.
pub fn person_revocation_key(person: PersonId) -> String {
    format!("revoked-person:{person}")
}

/// How sure a check must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sure {
    Enough,
    /// For what demands a fresh sign-in.
    Entirely,
}

/// The cache, and identity behind it.
pub(super) struct Revoked {
    cache: Cache,
    ended: Ended,
}

/// What the cache says.
enum Mirror {
    Ended,
    /// It holds everything, and not this.
    Not,
    /// It held everything a while ago, and not this.
    NotThen,
    Unknown,
}

impl Revoked {
    pub(super) fn new(identity: Transport, cache: Cache) -> Self {
        Self { cache, ended: Ended::new(identity) }
    }

    pub(super) async fn check(&self, claims: &Claims, sure: Sure) -> Result<(), Refusal> {
        let keys = [revocation_key(claims.sid), person_revocation_key(claims.sub)];
        let keys = keys.each_ref().map(String::as_str);
        let mirror = self.mirror(keys).await;
        if matches!(mirror, Mirror::Not | Mirror::Ended) {
            self.ended.is_outdated();
            return if matches!(mirror, Mirror::Not) { Ok(()) } else { Err(ended()) };
        }
        match (self.ended.includes(&keys).await, mirror) {
            (Ok(false), _) => Ok(()),
            (Ok(true), _) => Err(ended()),
            (Err(_), Mirror::NotThen) if sure == Sure::Enough => Ok(()),
            // An unknown revocation may be one: no answer, no entry.
            (Err(_), _) => Err(Refusal::unavailable("REVOCATIONS_UNAVAILABLE", "sessions cannot be checked at the moment; try again")),
        }
    }

    async fn mirror(&self, [session, person]: [&str; 2]) -> Mirror {
        let Ok(found) = self.cache.get_all(&[session, person, MIRROR, MIRROR_LEASE]).await else { return Mirror::Unknown };
        let [session, person, filling, lease] = found.as_slice() else { return Mirror::Unknown };
        match (filling, lease) {
            _ if session.is_some() || person.is_some() => Mirror::Ended,
            // Lost with the process alone, which begins by filling it.
            _ if !self.cache.may_forget() => Mirror::Not,
            (Some(filling), Some(lease)) if filling == lease => Mirror::Not,
            (Some(_), _) => Mirror::NotThen,
            (None, _) => Mirror::Unknown,
        }
    }
}

fn ended() -> Refusal {
    Refusal::unauthenticated("SESSION_ENDED", "this session has ended; sign in again")
}
