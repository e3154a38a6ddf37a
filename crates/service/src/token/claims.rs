//! What an access token says. Identifiers only: no name, no address.

use contract::Role;
use foundation::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The `aud` of every access token of this platform.
pub const AUDIENCE: &str = "kolsai";

/// Times are seconds since the epoch, as JWT counts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: PersonId,
    /// The session that the token belongs to: ending it ends the token.
    pub sid: Uuid,
    /// Numbers of `contract::Role`.
    pub roles: Vec<i32>,
    pub iat: i64,
    pub exp: i64,
    /// When the person last signed in with a credential (OpenID Connect Core 2).
    pub auth_time: i64,
    pub aud: String,
    pub iss: String,
}

impl Claims {
    /// The roles that this version knows; a number that it does not know gives nothing.
    pub fn roles(&self) -> Vec<Role> {
        self.roles.iter().filter_map(|number| Role::try_from(*number).ok()).filter(|role| *role != Role::Unspecified).collect()
    }

    pub fn signed_in_at(&self) -> Timestamp {
        Timestamp::from_micros(self.auth_time.saturating_mul(1_000_000))
    }
}
