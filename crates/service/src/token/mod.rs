//! Access tokens: EdDSA JWTs (RFC 7519, RFC 8037) that identity signs and everybody checks.

mod claims;
mod keys;
mod stores;
mod verifier;

pub use claims::{AUDIENCE, Claims};
pub use stores::REVOCATIONS;
pub use verifier::{TokenVerifier, person_revocation_key, revocation_key};
