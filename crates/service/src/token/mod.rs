//! Access tokens: EdDSA JWTs (RFC 7519, RFC 8037) that identity signs and everybody checks.

mod claims;
mod ended;
mod keys;
mod revoked;
mod stores;
mod verifier;

pub use claims::{AUDIENCE, Claims};
pub use ended::{Handle, handle};
pub use revoked::{MIRROR, MIRROR_LEASE, person_revocation_key, revocation_key};
pub use stores::REVOCATIONS;
pub use verifier::TokenVerifier;
