//! The name of a calling service.

use std::{fmt, sync::Arc};

/// The service that calls. Only the listener (from a certificate) and the in-process connector make one, so a handler that
/// finds it among a request's extensions may believe it.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer(Arc<str>);

impl Peer {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.0)
    }
}
