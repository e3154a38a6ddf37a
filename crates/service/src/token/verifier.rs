//! Whether an access token is good: its signature, its time by our clock, its session.

use std::sync::Arc;

use cache::Cache;
use foundation::{Clock, Refusal, Transport};
use jsonwebtoken::{Algorithm, Validation};

use super::{
    AUDIENCE, Claims,
    keys::SigningKeys,
    revoked::{Revoked, Sure},
};

/// No token of ours is longer, and a longer one is not worth parsing.
const LONGEST: usize = 4096;

/// How far ahead of ours the issuer's clock may be, in seconds.
const AHEAD: i64 = 60;

/// Checks access tokens; clones share the keys.
#[derive(Clone)]
pub struct TokenVerifier(Arc<Inner>);

struct Inner {
    keys: SigningKeys,
    revoked: Revoked,
    clock: Clock,
    validation: Validation,
}

impl TokenVerifier {
    /// `identity` is asked for its keys when the first token comes, and for what has ended when the cache cannot tell; `issuer` is the
    /// `iss` that tokens must have.
    pub fn new(identity: Transport, cache: Cache, clock: Clock, issuer: &str) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Time is compared below with our clock, which tests move.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let (keys, revoked) = (SigningKeys::new(identity.clone()), Revoked::new(identity, cache));
        Self(Arc::new(Inner { keys, revoked, clock, validation }))
    }

    /// What a good token says. `bearer` is the token without its scheme.
    pub async fn check(&self, bearer: &str) -> Result<Claims, Refusal> {
        self.check_being(bearer, Sure::Enough).await
    }

    /// The same for what demands a fresh sign-in: no doubt about the session is overlooked.
    pub async fn check_entirely(&self, bearer: &str) -> Result<Claims, Refusal> {
        self.check_being(bearer, Sure::Entirely).await
    }

    async fn check_being(&self, bearer: &str, sure: Sure) -> Result<Claims, Refusal> {
        let claims = self.signed(bearer).await?;
        let now = self.0.clock.now().seconds();
        if claims.exp <= now {
            return Err(Refusal::unauthenticated("TOKEN_EXPIRED", "the access token has expired; refresh it"));
        }
        if claims.iat > now + AHEAD || claims.auth_time > now + AHEAD {
            return Err(invalid());
        }
        self.0.revoked.check(&claims, sure).await?;
        Ok(claims)
    }

    async fn signed(&self, bearer: &str) -> Result<Claims, Refusal> {
        if bearer.len() > LONGEST {
            return Err(invalid());
        }
        let id = jsonwebtoken::decode_header(bearer).ok().and_then(|header| header.kid).ok_or_else(invalid)?;
        let key = self.0.keys.find(&id).await?.ok_or_else(invalid)?;
        // One answer for every defect: the difference would help only whoever forges.
        jsonwebtoken::decode::<Claims>(bearer, &key, &self.0.validation).map(|token| token.claims).map_err(|_| invalid())
    }
}

fn invalid() -> Refusal {
    Refusal::unauthenticated("INVALID_TOKEN", "the access token is not valid; sign in again")
}
