//! The name of a calling service, and what the contract makes of it.

use std::{fmt, sync::Arc};

use contract::Contract;

/// Whoever calls, by what the contract says of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A service of the school, or its gateway.
    House,
    /// A client of another team: it may call the methods whose rule names it, and nothing else.
    Client,
    /// Its certificate is good, but the contract names it nowhere.
    Stranger,
}

/// The service that calls. Only the listener (from a certificate) and the in-process connector make one, so a handler that
/// finds it among a request's extensions may believe it.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer {
    name: Arc<str>,
    standing: Standing,
}

impl Peer {
    /// A service of this process: its name is a constant of the code.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), standing: Standing::House }
    }

    /// Whoever a verified certificate names.
    pub(crate) fn of_certificate(name: &str) -> Self {
        let contract = Contract::get();
        let standing = match name {
            GATEWAY => Standing::House,
            service if contract.services().contains(service) => Standing::House,
            client if contract.client(client).is_some() => Standing::Client,
            _ => Standing::Stranger,
        };
        Self { name: name.into(), standing }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn standing(&self) -> Standing {
        self.standing
    }
}

/// It has no methods of its own in the contract.
const GATEWAY: &str = "gateway";

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.name)
    }
}
