//! What can be wrong with a cache.

use std::path::PathBuf;

/// Why the cache could not be opened, or could not do what was asked. Names no key, no value and no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    #[error("the address is not understood; write `memory:`, or `rediss://:password@host:port`")]
    UnknownAddress,
    #[error("it would speak plaintext; write `rediss://` in place of `redis://` (development takes `redis://` on loopback)")]
    Plaintext,
    #[error("the address names no password; write `rediss://:password@host:port`, and have the server ask for it")]
    NoPassword,
    #[error("the authority {} is no PEM file of certificates; correct KOLSAI__CACHE__AUTHORITY", path.display())]
    Authority { path: PathBuf },
    #[error("the server refuses the user or the password")]
    Credentials,
    #[error(
        "the server's certificate is not trusted; name the authority that signed it in KOLSAI__CACHE__AUTHORITY, and its host as the certificate does"
    )]
    Certificate,
    /// A server that would break what this crate promises.
    #[error("the server does not do: {0}")]
    Unfit(&'static str),
    /// No server answered in time. What uses the cache says what it does then.
    #[error("the cache does not answer")]
    Away,
    /// Nothing is evicted before its time: a lost revocation would open a session again.
    #[error("the cache is full: {capacity} values are still alive")]
    Full { capacity: usize },
    #[error("the server of the cache is out of memory")]
    OutOfMemory,
    #[error("the value is not a counter")]
    NotACounter,
    #[error("the value was not written by this cache: somebody else uses its prefix")]
    Foreign,
}
